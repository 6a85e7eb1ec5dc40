# SPDX-License-Identifier: MIT
"""Sums up what contrib/check ran: tally.py (WHERE STATUS)...

WHERE is the build directory of a `make check`, or the output of a script whose last line
is of the form of this one's; STATUS is how make or the script ended.

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
LAST_LINE = re.compile(r"^(\d+) passed, (\d+) failed\s*\Z", re.M)


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

    def make_check(self, build):
        """A build directory: all of its TESTS.  Whether something passed or failed."""
        before = self.passed + self.failed
        for trs in sorted(build.rglob("*.trs")):
            result = re.search(r"^:global-test-result: (\w+)", trs.read_text(), re.M)
            result = result.group(1) if result else "ERROR"
            name = trs.relative_to(build).with_suffix("")
            e2e = name.parts[:2] == ("tests", "e2e")
            self.suite(result, trs.with_suffix(".log").read_text(errors="replace"),
                       trs.parent / "junit.xml" if e2e else trs / "none")
            if result != "PASS":
                print(f"{result}: {name}; see {trs.with_suffix('.log')}")
        return self.passed + self.failed > before

    def script(self, output):
        """The output of a script that counts for itself.  Whether it did."""
        counted = LAST_LINE.search(output.read_text(errors="replace"))
        if counted:
            self.passed += int(counted.group(1))
            self.failed += int(counted.group(2))
        return counted is not None

    def add(self, where, status):
        failed = self.failed
        counted = self.make_check(where) if where.is_dir() else self.script(where)
        if self.failed == failed and (status or not counted):
            print(f"{where}: failed before its tests did")
            self.failed += 1


def main(args):
    tally = Tally()
    for where, status in zip(args[::2], args[1::2], strict=True):
        tally.add(pathlib.Path(where), int(status))
    if tally.skipped:
        print(f"skipped: {tally.skipped}")
    if os.environ.get("CI"):
        tally.failed += tally.skipped
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.passed and not tally.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
