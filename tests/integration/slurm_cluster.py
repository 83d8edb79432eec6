"""A real Slurm of two nodes, each of one core, as processes of whoever runs the tests."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

DAEMONS = ("slurmctld", "slurmd", "sbatch", "srun")

CONF = """\
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/none
AuthInfo=cred_expire=15
CredType=cred/none
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdTimeout=5
ReturnToService=2
KillWait=5
MailProg=/bin/true
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[3]} CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@dataclass
class SlurmCluster:
    """Controller and nodes; ``conf`` is what SLURM_CONF must name."""

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def conf(self) -> Path:
        return self.folder / "slurm.conf"

    def start(self) -> None:
        for name in ("state", "spool.n1", "spool.n2"):
            (self.folder / name).mkdir(parents=True)
        text = CONF.format(
            host=socket.gethostname().split(".")[0],
            user=getpass.getuser(),
            ports=_free_ports(4),
            folder=self.folder,
        )
        self.conf.write_text(text)
        self._daemon("slurmctld", "slurmctld", "-D")
        for node in ("n1", "n2"):
            self.up(node)
        deadline = time.monotonic() + 120
        while self.ask("sinfo", "-h", "-N", "-o", "%T").split() != ["idle", "idle"]:
            assert time.monotonic() < deadline, (self.folder / "slurmctld.log").read_text()[-2000:]
            time.sleep(0.1)

    def up(self, node: str) -> None:
        self._daemon(node, "slurmd", "-D", "-N", node)

    def lose(self, node: str) -> None:
        """The node's daemon and all that it runs die at once, as when its power fails."""
        daemon = self.daemons.pop(node)
        daemon.kill()
        daemon.wait()
        for pid in _of_node(node):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)

    def ask(self, *words: str) -> str:
        env = {**os.environ, "SLURM_CONF": str(self.conf)}
        return subprocess.run(words, env=env, capture_output=True, text=True, check=False).stdout

    def stop(self) -> None:
        for node in [name for name in self.daemons if name != "slurmctld"]:
            self.lose(node)
        for daemon in self.daemons.values():
            daemon.kill()
            daemon.wait()

    def _daemon(self, name: str, *words: str) -> None:
        path = shutil.which(words[0]) or f"/usr/sbin/{words[0]}"
        self.daemons[name] = subprocess.Popen(
            [path, *words[1:], "-f", str(self.conf)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def there() -> bool:
    """Whether Slurm's daemons are installed."""
    return all(shutil.which(name) or Path(f"/usr/sbin/{name}").exists() for name in DAEMONS)


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [int(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


def _of_node(node: str) -> list[int]:
    """What runs for a node: its jobs, known by their environment, and the step daemons above them,
    which have left the node's own daemon for init."""
    mark = f"SLURMD_NODENAME={node}".encode()
    jobs, daemons = [], set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                jobs.append(int(folder.name))
                parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
                if (Path("/proc") / parent / "comm").read_text().startswith("slurmstepd"):
                    daemons.add(int(parent))
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
    return [*daemons, *jobs]
