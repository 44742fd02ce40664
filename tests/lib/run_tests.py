#!/usr/bin/env python3
"""Runs every function `test_*` of the test_*.py files in a folder (unittest), and counts.

usage: run_tests.py FOLDER [NAME ...]     last line: N passed, N failed[, N skipped]
"""
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


class Result(unittest.TextTestResult):
    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)


def main():
    folder, names = sys.argv[1], sys.argv[2:]
    sys.path.insert(0, folder)
    loader = unittest.TestLoader()
    if names:
        loader.testNamePatterns = [f"*{n}*" for n in names]
    suite = loader.discover(folder, pattern="test_*.py", top_level_dir=folder)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result).run(suite)
    # A test with several failed parts (subTest) is one failed test.
    failed = len({str(getattr(t, "test_case", t)) for t, _ in result.failures + result.errors}) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    passed = result.testsRun - min(result.testsRun, failed) - skipped
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
