"""What an extension has registered with ``atexit``, and what of it is called when the extension goes."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import atexit, sys
from types import ModuleType
from localstack.host.extension import exit_functions

gone = ModuleType("gone")
exec('''
class Closing:
    def close(self, function="nothing"):
        print("closed with", function)

def never():
    print("called though it was unregistered")
''', vars(gone))
before = atexit.register, atexit.unregister
exit_functions.install()
closing = gone.Closing()
atexit.register(closing.close, function=1)
atexit.register(closing.close)
atexit.register(gone.never)
atexit.unregister(gone.never)
others = gone.Closing()
atexit.register(others.close)
atexit.unregister(others.close)
exit_functions.call_those_of([gone])
print("once")
exit_functions.call_those_of([gone])
exit_functions.uninstall()
assert (atexit.register, atexit.unregister) == before
exit_functions.install()
ours = atexit.register
atexit.register = theirs = lambda *args: ours(*args)
exit_functions.uninstall()
assert (atexit.register, atexit.unregister) == (theirs, before[1])
atexit.register(print, "at the end")
"""


def test_what_was_unregistered_is_not_called_and_the_rest_once() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["closed with nothing", "closed with 1", "once", "at the end"], done.stderr
