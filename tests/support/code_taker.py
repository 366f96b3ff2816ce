"""Issues vouchers from a pool until it is empty, as one of several processes at it.

Its arguments: the brand's id, the member's id, the pool, and how many vouchers to issue in each
transaction. It says that it is ready, waits for a line, and then prints a line of codes after each
commit, as a client that was told of them.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from uuid import UUID

from domain.brands import queries as brands
from domain.vouchers.queries import free_codes
from domain.vouchers.service import NewVoucher, issue
from kit.db import Database, Session
from kit.ids import new_id

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def take(brand_id: int, member_id: UUID, pool: str, batch: int) -> None:
    """Issue until no code is free."""
    database = Database(os.environ["LAUREL_DATABASE_URL"], pool_size=1)

    async def work(session: Session) -> list[str]:
        brand = await brands.by_id(session, brand_id)
        assert brand is not None
        items = [
            NewVoucher(new_id(), member_id, new_id(), "coffee", "voucher", 1, None, None, pool)
            for _ in range(batch)
        ]
        return list((await issue(session, NOW, brand, items)).values())

    async with database.alone() as session:
        _say("ready")
        await asyncio.to_thread(sys.stdin.readline)
    while True:
        codes = await database.write(work)
        if codes:
            _say(" ".join(codes))
            continue
        # The last ones may be in the hands of somebody who does not finish.
        async with database.alone() as session:
            if not (await free_codes(session, brand_id, [pool], at_most=1))[pool]:
                break
        await asyncio.sleep(0.05)
    await database.close()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(take(int(sys.argv[1]), UUID(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
