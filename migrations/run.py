"""Brings a database up to date as its owner and gives the application's role what it may do."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from kit import jobs

HERE = Path(__file__).parent
# Ledger rows come only through ledger_post; the rest of the tables are the application's own.
GRANTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
GRANT INSERT ON asset, account TO {role};
GRANT UPDATE (closed_at) ON account TO {role};
GRANT INSERT ON purchase, activity, award, refund, claw_back, lot_use, hold_return, member_move,
    programme_version, redemption_part, redemption_step, voucher_use, stock_change, gift,
    referral_code, household_change, expiry_warning, fact TO {role};
GRANT INSERT, UPDATE ON brand, api_key, member, wallet, lot, forgiveness, cap_use, budget_use,
    tally, status_grant, redemption, voucher, pool_code, reward_stock, automatic_reward,
    reward_look, reward_start, household, household_member, household_invitation, referral,
    fact_cursor, request TO {role};
GRANT INSERT, UPDATE ON prize_due, prize_budget TO {role};
GRANT INSERT, UPDATE, DELETE ON game_look TO {role};
GRANT INSERT ON badge_award TO {role};
GRANT UPDATE (revoked_at, revoked_by, reason, shared_at, shown_name) ON badge_award TO {role};
GRANT INSERT ON badge_key TO {role};
GRANT UPDATE (retired_at) ON badge_key TO {role};
GRANT INSERT ON streak_freeze, streak_repair, streak_milestone, streak_told TO {role};
GRANT UPDATE (taken_at) ON streak_freeze TO {role};
GRANT UPDATE ON streak_milestone, streak_told TO {role};
GRANT INSERT ON member_merge, member_erasure TO {role};
GRANT INSERT, UPDATE ON erased_name TO {role};
GRANT DELETE ON tally, cap_use TO {role};
GRANT UPDATE (region) ON member_move TO {role};
GRANT UPDATE (attributes) ON activity TO {role};
GRANT UPDATE (context) ON purchase TO {role};
GRANT UPDATE (actor) ON redemption_step TO {role};
GRANT INSERT, UPDATE ON challenge_completion, challenge_share, challenge_bar, challenge_mark
    TO {role};
GRANT INSERT ON challenge_entry TO {role};
GRANT UPDATE (left_at, left_by) ON challenge_entry TO {role};
GRANT DELETE ON request, expiry_warning, reward_look, fact_cursor TO {role};
GRANT INSERT ON board_salt, board_person_change, board_result, board_result_name,
    board_disqualification, board_prize TO {role};
GRANT INSERT, UPDATE ON board_alias, board_absence, board_flag, league_member, league_seat,
    league_week TO {role};
GRANT UPDATE (undone_at) ON board_prize TO {role};
GRANT DELETE ON board_alias, board_result_name TO {role};
GRANT USAGE ON SEQUENCE board_change_seq TO {role};
GRANT INSERT ON board_team TO {role};
GRANT INSERT, UPDATE, DELETE ON board_window, board_day, board_score, board_fill, board_look
    TO {role};
"""


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def head() -> str | None:
    """Return the newest revision that this code knows."""
    return ScriptDirectory.from_config(_config("")).get_current_head()


async def upgrade(owner_url: str, app_url: str) -> None:
    """Migrate to the newest revision and renew the grants of ``app_url``'s role."""
    config = _config(owner_url)
    role = make_url(app_url).username
    engine = create_async_engine(owner_url)

    def work(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if role and role != make_url(owner_url).username:
            quoted = connection.dialect.identifier_preparer.quote(role)
            grants = [each for each in GRANTS.format(role=quoted).split(";") if each.strip()]
            for statement in [*grants, *jobs.grant_statements(role)]:
                connection.execute(text(statement))

    async with engine.begin() as connection:
        # Two processes that start at once: the second waits here and finds nothing to do.
        await connection.execute(text("SELECT pg_advisory_xact_lock(7000)"))
        await connection.run_sync(work)
    await engine.dispose()
