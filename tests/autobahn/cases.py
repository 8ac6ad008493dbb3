"""The cases of autobahntestsuite 0.8.2, and how a selection of them is named.

The suite numbers the cases of each group from 1 without gaps, so a count per group is the whole list. It stands here
and is not asked of the suite: a suite that runs too little must not say by itself how much was to be run.
"""

from fnmatch import fnmatchcase

COUNTS = {
    "1.1": 8, "1.2": 8,                                                       # framing: text, binary
    "2": 11,                                                                  # ping and pong
    "3": 7,                                                                   # reserved bits
    "4.1": 5, "4.2": 5,                                                       # reserved opcodes
    "5": 20,                                                                  # fragmentation
    "6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4,    # UTF-8
    "6.8": 2, "6.9": 4, "6.10": 3, "6.11": 5, "6.12": 8, "6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3,
    "6.17": 5, "6.18": 5, "6.19": 5, "6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7,
    "7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2,             # the closing handshake
    "9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6,    # limits and performance
    "10.1": 1,                                                                # automatic fragmentation
    "12.1": 18, "12.2": 18, "12.3": 18, "12.4": 18, "12.5": 18,               # compression: payloads
    "13.1": 18, "13.2": 18, "13.3": 18, "13.4": 18, "13.5": 18, "13.6": 18, "13.7": 18,    # compression: parameters
}

ALL = [f"{group}.{number}" for group, count in COUNTS.items() for number in range(1, count + 1)]

# Everything but compression.
CORE = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*"

# The suite has no opinion on these, whatever the peer does.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}


def select(patterns):
    """The case ids that match any of the comma-separated patterns, in the order of the suite."""
    selected = []
    for pattern in filter(None, (part.strip() for part in patterns.split(","))):
        matching = [case for case in ALL if fnmatchcase(case, pattern)]
        if not matching:
            raise ValueError(f"no case of the suite matches {pattern!r}")
        selected += matching
    if not selected:
        raise ValueError("no cases selected")
    chosen = set(selected)
    return [case for case in ALL if case in chosen]
