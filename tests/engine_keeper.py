"""Keep a container engine for as long as stdin is open, apart from the machine, and leave nothing of it behind.

    python engine_keeper.py FOLDER dockerd|podman [UNPACKED]

The engine, its containers, networks and mounts live in namespaces of their own, so that they end together, whatever
ends the tests. When it answers at ``FOLDER/engine.sock``, one line on stdout has the path of its network namespace.
When it can't be started, the exit code is not 0 and stderr has the end of its log. ``FOLDER`` is removed in either
case. What is unpacked in ``UNPACKED`` is there for it as if it were installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0
LAST_LINES = 5
CGROUPS = Path("/sys/fs/cgroup")
PODMANS_GROUPS = ("libpod_parent/conmon", "libpod_parent")
"""What every Podman of the machine shares, with a group for each container; it can't be told another place."""
NAMESPACES = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
APART = ("setpriv", "--pdeathsig=KILL", "unshare", *NAMESPACES)
FIRST_PROCESS = """
unpacked=$1
shift
ip link set lo up &&
mount -t tmpfs tmpfs /run || exit
for folder in etc opt usr; do  # what engines write there stays here
    mkdir -p /run/over/$folder /run/work/$folder
    lower=/$folder
    [ -d "$unpacked/$folder" ] && lower=$unpacked/$folder:$lower
    mount -t overlay -o lowerdir=$lower,upperdir=/run/over/$folder,workdir=/run/work/$folder overlay /$folder
done
if [ "$1" = podman ]; then  # what else its packages do when they are installed
    ldconfig
    for program in iptables ip6tables; do
        [ -e /usr/sbin/$program ] || ln -s xtables-nft-multi /usr/sbin/$program
    done
    cat > /etc/containers/containers.conf <<-END
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime = "runc"
	END
fi
"$@"
exit $?
"""
"""Runs in busybox, and stays to reap what the engine leaves."""


class NotStarted(Exception):
    """The daemon has ended, or answers nobody."""


@contextmanager
def running(folder: Path, engine: str, unpacked: str) -> Iterator[Path]:
    """An engine with its files in ``folder``; the path of its network namespace.

    :raises NotStarted: with the end of its log
    """
    group = f"leanto-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    shared_before = set(cgroups(*PODMANS_GROUPS))
    with (folder / "log").open("wb") as log:
        command = [*APART, "busybox", "sh", "-c", FIRST_PROCESS, "sh", unpacked, *service(engine, folder, group)]
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        if not answers(folder / "engine.sock", daemon):
            lines = (folder / "log").read_text(errors="replace").splitlines()
            raise NotStarted("\n".join(lines[-LAST_LINES:]))
        yield Path(f"/proc/{daemon.pid}/ns/net")
    finally:
        end(daemon)
        containers = [f"libpod_parent/libpod-{path.name}" for path in folder.glob("data/vfs-containers/*/")]
        remove_cgroups(group, *containers)
        if engine == "podman":
            remove_folders(path for path in cgroups(*PODMANS_GROUPS) if path not in shared_before)
        shutil.rmtree(folder, ignore_errors=True)


def service(engine: str, folder: Path, group: str) -> list[str]:
    """The command by which an engine serves Docker's API."""
    if engine == "podman":
        options = [f"--root={folder}/data", "--runroot=/run/containers", "--storage-driver=vfs"]
        return ["podman", *options, "system", "service", "--time=0", f"unix://{folder}/engine.sock"]
    return [
        "dockerd", f"--host=unix://{folder}/engine.sock", f"--data-root={folder}/data", "--storage-driver=vfs",
        "--iptables=false", "--ip6tables=false",
        "--exec-opt=native.cgroupdriver=cgroupfs", f"--cgroup-parent=/{group}",
    ]  # fmt: skip


def answers(path: Path, daemon: subprocess.Popen[bytes]) -> bool:
    """Wait until a daemon says that it is well; False when it has ended, or does not for a minute."""
    deadline = time.monotonic() + START_SECONDS
    while daemon.poll() is None and time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(START_SECONDS)
            client.connect(str(path))
            client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            if b" 200 " in client.recv(100):
                return True
        time.sleep(0.05)
    return False


def end(daemon: subprocess.Popen[bytes]) -> None:
    """End all that was started apart. Its first process is the last to go, and ``unshare`` waits for that."""
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children")
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for first in children.read_text().split():
            os.kill(int(first), signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        daemon.wait(START_SECONDS)
    daemon.kill()
    daemon.wait()


def cgroups(*names: str) -> list[Path]:
    """Groups by their names, in either version of cgroups."""
    return [path for name in names for path in (*CGROUPS.glob(name), *CGROUPS.glob(f"*/{name}"))]


def remove_cgroups(*names: str) -> None:
    """Remove groups and those in them, which are empty now."""
    for top in cgroups(*names):
        remove_folders(Path(folder) for folder, _, _ in os.walk(top, topdown=False))


def remove_folders(folders: Iterable[Path]) -> None:
    """Remove folders as far as they are empty."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def main(folder: Path, engine: str, unpacked: str = "") -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with running(folder, engine, unpacked) as namespace:
            print(namespace, flush=True)  # noqa: T201
            sys.stdin.read()
    except NotStarted as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
