"""``python -m srpo_bench.harness`` is ``bench``."""

from srpo_bench.harness.cli.app import main

if __name__ == "__main__":
    main()
