"""``bench``, also as ``python -m srpo_bench.harness``."""

import signal
import sys

from srpo_bench.harness.cli import STOPPED


def main() -> None:
    """The entry point. A signal during the imports before a command, or after its end, is answered
    as one that comes while it runs."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from srpo_bench.harness.cli.app import main as command

        command()
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
