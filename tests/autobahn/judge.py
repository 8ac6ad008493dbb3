"""Judges the reports of the suite: every case that was to be run must be there and be OK.

UNIMPLEMENTED and NON-STRICT, which the suite itself colours as passes, fail here: a peer that never negotiates
compression is UNIMPLEMENTED in all of 12 and 13, one that finds bad UTF-8 late is NON-STRICT in 6.4.
"""

import json
from collections import Counter
from pathlib import Path

from cases import INFORMATIONAL


class Verdict:
    """What became of a run. `problems` is empty if all is well."""

    def __init__(self, role, expected, folders):
        self.problems = []
        results = self._collect(folders)
        missing = [case for case in expected if case not in results]
        if missing:
            self.problems.append(f"MISSING, no report of {len(missing)} cases: {' '.join(missing)}")
        unexpected = [case for case in results if case not in expected]
        if unexpected:
            self.problems.append(f"UNEXPECTED, reported but not to be run: {' '.join(unexpected)}")
        bad = [case for case in results if not acceptable(case, results[case][0])]
        self.problems += [describe(case, *results[case]) for case in sorted(bad, key=in_order)]
        tally = Counter(entry.get("behavior") for entry, _ in results.values())
        parts = [f"{count} {behavior}" for behavior, count in tally.most_common()]
        parts += [f"{len(missing)} MISSING"] if missing else []
        self.summary = f"autobahn {role}: {len(expected)} cases: {', '.join(parts)}"

    def _collect(self, folders):
        """Merges the indices of the parallel parts into one table: case id to its entry and folder."""
        results = {}
        for folder in map(Path, folders):
            try:
                agents = json.loads((folder / "index.json").read_text())
            except (OSError, ValueError) as error:
                self.problems.append(f"no report: {error}")
                continue
            if len(agents) != 1:
                self.problems.append(f"{folder}: reports of {len(agents)} agents instead of one: {sorted(agents)}")
            for entries in agents.values():
                for case, entry in entries.items():
                    if case in results:
                        self.problems.append(f"{case}: reported twice")
                    results[case] = (entry, folder)
        return results


def acceptable(case, entry):
    """Whether both the behaviour and the closing were right. No opinion counts only where the suite never has one."""
    allowed = {"OK", "INFORMATIONAL"} if case in INFORMATIONAL else {"OK"}
    return entry.get("behavior") in allowed and entry.get("behaviorClose") in allowed


def in_order(case):
    """Sorts 2.10 behind 2.9."""
    return [int(part) for part in case.split(".")]


def describe(case, entry, folder):
    """A bad case with what its own report says about it."""
    lines = [f"{case}: {entry.get('behavior')}, close {entry.get('behaviorClose')} ({entry.get('remoteCloseCode')})"]
    path = Path(folder) / str(entry.get("reportfile"))
    try:
        report = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        return f"{lines[0]}\n    no detailed report: {error}"
    for field in ("description", "expectation", "result", "resultClose"):
        lines.append(f"    {field}: {' '.join(str(report.get(field)).split())[:400]}")
    lines.append(f"    report: {path.with_suffix('.html')}")
    return "\n".join(lines)
