"""The server of `bench.live`: `laurel serve`, or the same that makes each answer for one follower.

python -m bench.live_server PORT together|apart
"""

import sys

from api.commands.serve import run
from api.graphql import crowds

if __name__ == "__main__":
    if sys.argv[2] == "apart":
        crowds.is_same = lambda coordinate: not coordinate
    run("127.0.0.1", int(sys.argv[1]), 1)
