"""The rival django-hordak under load; run by bench/ledger.py with the Python of bench/.venv.

    rival_hordak.py prepare SOCKET_DIRECTORY DATABASE
    rival_hordak.py run SOCKET_DIRECTORY DATABASE WORKLOAD PROCESSES SECONDS

`run` prints one JSON object: how many transfers, in how many seconds, and what does not add up.
"""

import json
import multiprocessing
import random
import sys
import time

import django
from django.conf import settings
from django.core.management import call_command

MEMBERS = 10_000
HOT = "hot"


def configure(host: str, database: str) -> None:
    """Set Django up as hordak's documentation says."""
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "mptt",
            "djmoney",
            "hordak",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": host,
                "PORT": "5432",
                "NAME": database,
                "USER": "laurel_owner",
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        SECRET_KEY="bench",  # noqa: S106 - signs nothing
        CURRENCIES=["EUR"],
    )
    django.setup()


def prepare() -> None:
    """Migrate; create the accounts as roots of trees of their own."""
    from hordak.models import Account  # noqa: PLC0415 - Django must be set up first

    call_command("migrate", verbosity=0)
    names = [*(f"member {n}" for n in range(MEMBERS)), HOT]
    Account.objects.bulk_create(
        [
            Account(
                name=name,
                type="LI",
                currencies=["EUR"],
                lft=1,
                rght=2,
                tree_id=number,
                level=0,
            )
            for number, name in enumerate(names, 1)
        ]
    )


def work(seed: int, workload: str, until: float, counts: "multiprocessing.Queue[int]") -> None:
    """Transfer between accounts that are loaded already, until the time is over."""
    from django.db import connection  # noqa: PLC0415 - Django must be set up first
    from hordak.models import Account  # noqa: PLC0415 - see above
    from moneyed import Money  # noqa: PLC0415 - see above

    chance = random.Random(seed)
    members = list(Account.objects.exclude(name=HOT))
    hot = Account.objects.get(name=HOT)
    amount = Money("0.01", "EUR")
    time.sleep(max(0.0, until - SECONDS - time.monotonic()))
    count = 0
    while time.monotonic() < until:
        member = chance.choice(members)
        other = hot if workload == "w2" else chance.choice(members)
        if other is not member:
            member.transfer_to(other, amount)
            count += 1
    connection.close()
    counts.put(count)


def faults() -> list[str]:
    """Return what does not add up."""
    from django.db import connection  # noqa: PLC0415 - Django must be set up first

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT transaction_id FROM hordak_leg GROUP BY 1"
            " HAVING coalesce(sum(credit), 0) <> coalesce(sum(debit), 0)) AS bad"
        )
        (bad,) = cursor.fetchone()
    return ["UNBALANCED_TRANSACTION"] if bad else []


SECONDS = 0.0


def run(workload: str, processes: int, seconds: float) -> dict[str, object]:
    """Run the load in ``processes`` processes and count."""
    global SECONDS  # noqa: PLW0603 - inherited by the forked children
    SECONDS = seconds
    counts: multiprocessing.Queue[int] = multiprocessing.get_context("fork").Queue()
    until = time.monotonic() + 2.0 + seconds
    context = multiprocessing.get_context("fork")
    children = [
        context.Process(target=work, args=(seed, workload, until, counts))
        for seed in range(processes)
    ]
    for child in children:
        child.start()
    done = sum(counts.get(timeout=seconds + 60) for _ in children)
    for child in children:
        child.join()
    return {"done": done, "seconds": seconds, "faults": faults()}


def main() -> None:
    """Do what the arguments say."""
    verb, host, database, *rest = sys.argv[1:]
    configure(host, database)
    if verb == "prepare":
        prepare()
    else:
        print(json.dumps(run(rest[0], int(rest[1]), float(rest[2]))))


if __name__ == "__main__":
    main()
