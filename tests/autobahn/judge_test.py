"""What the judge must refuse, on made-up reports."""

import json
import tempfile
import unittest
from pathlib import Path

import cases
from judge import Verdict

OK = {"behavior": "OK", "behaviorClose": "OK", "remoteCloseCode": 1000, "reportfile": "none.json"}
EXPECTED = ["1.1.1", "7.1.6"]


def entry(behavior="OK", close="OK"):
    return {**OK, "behavior": behavior, "behaviorClose": close}


class Judge(unittest.TestCase):
    def verdict(self, *indices):
        with tempfile.TemporaryDirectory() as root:
            folders = []
            for number, index in enumerate(indices):
                folder = Path(root) / str(number)
                folder.mkdir()
                if index is not None:
                    (folder / "index.json").write_text(index if isinstance(index, str) else json.dumps(index))
                folders.append(folder)
            return Verdict("server", EXPECTED, folders)

    def refuses(self, *indices):
        self.assertTrue(self.verdict(*indices).problems)

    def test_all_well(self):
        verdict = self.verdict({"tidings": {"1.1.1": entry(), "7.1.6": entry("INFORMATIONAL", "INFORMATIONAL")}})
        self.assertEqual(verdict.problems, [])
        self.assertEqual(verdict.summary, "autobahn server: 2 cases: 1 OK, 1 INFORMATIONAL")

    def test_parts_are_merged(self):
        self.assertEqual(self.verdict({"a": {"1.1.1": entry()}}, {"a": {"7.1.6": entry()}}).problems, [])

    def test_whatever_is_not_ok_fails(self):
        for bad in ("FAILED", "NON-STRICT", "UNIMPLEMENTED", "INFORMATIONAL", "WRONG CODE", "UNCLEAN", "", None, "ok"):
            with self.subTest(bad):
                self.refuses({"a": {"1.1.1": entry(bad), "7.1.6": entry()}})
                self.refuses({"a": {"1.1.1": entry("OK", bad), "7.1.6": entry()}})

    def test_an_informational_case_can_still_fail(self):
        self.refuses({"a": {"1.1.1": entry(), "7.1.6": entry("FAILED")}})

    def test_missing_unexpected_and_double_cases_fail(self):
        self.refuses({"a": {"1.1.1": entry()}})
        self.refuses({"a": {"1.1.1": entry(), "7.1.6": entry(), "2.1": entry()}})
        self.refuses({"a": {"1.1.1": entry(), "7.1.6": entry()}}, {"a": {"7.1.6": entry()}})

    def test_no_report_fails(self):
        self.refuses(None)
        self.refuses("")
        self.refuses({})
        self.refuses()
        self.refuses({"a": {"1.1.1": entry(), "7.1.6": entry()}}, None)

    def test_two_agents_in_a_report_fail(self):
        self.refuses({"a": {"1.1.1": entry()}, "b": {"7.1.6": entry()}})


class Selection(unittest.TestCase):
    def test_exact_counts(self):
        counts = {"*": 517, cases.CORE: 301, "12.*": 90, "13.*": 126, "1.*": 16, "6.*": 145, "7.*": 37, "9.*": 54,
                  "10.*": 1, "6.4.*": 4, "6.4.1, 6.4.*": 4}
        for patterns, count in counts.items():
            self.assertEqual(len(cases.select(patterns)), count, patterns)

    def test_a_pattern_that_selects_nothing_is_an_error(self):
        for patterns in ("8.*", "1.*,14.1.1", "", ","):
            with self.assertRaises(ValueError):
                cases.select(patterns)


if __name__ == "__main__":
    unittest.main()
