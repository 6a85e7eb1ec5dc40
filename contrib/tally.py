# SPDX-License-Identifier: MIT
"""Sums up `make check`: tally.py BUILD-DIRECTORY STATUS-OF-MAKE.

Prints what failed, and on the last line "N passed, N failed": the tests inside the
cmocka programs and the pytest suite, and each other program or script as one.  With
CI set, what was skipped has failed, for CI has all that any test needs.  Exit status
0: something passed and nothing failed.
"""

import os
import pathlib
import re
import sys
import xml.etree.ElementTree

CMOCKA = re.compile(r"^\[ +(PASSED|FAILED|SKIPPED) +\] (\d+) test\(s\)", re.M)


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def cmocka(self, log):
        """Whether the log is of a cmocka program; one may have several groups."""
        found = CMOCKA.findall(log)
        for what, n in found:
            setattr(self, what.lower(), getattr(self, what.lower()) + int(n))
        return bool(found)

    def junit(self, path):
        """Whether pytest left its results; they hold its failures too."""
        if not path.is_file():
            return False
        for suite in xml.etree.ElementTree.parse(path).getroot().iter("testsuite"):
            n = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
            self.failed += n["failures"] + n["errors"]
            self.skipped += n["skipped"]
            self.passed += n["tests"] - n["failures"] - n["errors"] - n["skipped"]
        return True

    def suite(self, result, log, junit):
        """One line of the TESTS of make: its result, and what it holds."""
        failed = self.failed
        if result == "SKIP":
            self.skipped += 1
        elif self.junit(junit) or self.cmocka(log):
            # A crash after, or between, tests that passed.
            self.failed += result != "PASS" and self.failed == failed
        else:
            self.passed += result == "PASS"
            self.failed += result != "PASS"


def main(directory, status):
    build, tally = pathlib.Path(directory), Tally()
    for trs in sorted(build.rglob("*.trs")):
        result = re.search(r"^:global-test-result: (\w+)", trs.read_text(), re.M)
        result = result.group(1) if result else "ERROR"
        name = trs.relative_to(build).with_suffix("")
        tally.suite(result, trs.with_suffix(".log").read_text(errors="replace"),
                    trs.parent / "junit.xml" if name.parts[:2] == ("tests", "e2e") else trs / "none")
        if result != "PASS":
            print(f"{result}: {name}; see {trs.with_suffix('.log')}")
    if tally.skipped:
        print(f"skipped: {tally.skipped}")
    if os.environ.get("CI"):
        tally.failed += tally.skipped
    if status and not tally.failed:
        print("make check failed before its tests did")
        tally.failed += 1
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.passed and not tally.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
