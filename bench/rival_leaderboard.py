"""The rival of `bench.boards`: increment, my rank and neighbours by the package `leaderboard`.

    PYTHONPATH=DIR python bench/rival_leaderboard.py SOCKET MEMBERS SECONDS

Run by `python -m bench boards --rival DIR`, with DIR made by
`uv pip install --target DIR leaderboard==3.7.3 redis==2.10.6 hiredis==0.3.1`: it can't write with
a younger client. The board is written in its own form, of the same members' ids as text.
"""

import random
import sys
import time

from leaderboard.leaderboard import Leaderboard  # type: ignore[import-not-found]
from redis import Redis


def main() -> None:
    """Print how many times a second all three were done, one after the other."""
    path, members, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    client = Redis(unix_socket_path=path)
    board = Leaderboard("rival", connection=client, page_size=11)
    random_ = random.Random(1)
    names = [f"{random_.getrandbits(128):032x}" for _ in range(members)]
    for start in range(0, members, 1_000):
        pairs: list[object] = []
        for name in names[start : start + 1_000]:
            pairs += [random_.randrange(1_000_000), name]
        client.execute_command("ZADD", "rival", *pairs)
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        name = random_.choice(names)
        board.change_score_for(name, 1)
        board.around_me(name)
        done += 1
    print(done / seconds)
    client.delete("rival")


if __name__ == "__main__":
    main()
