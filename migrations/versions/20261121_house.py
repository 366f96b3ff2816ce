"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kit.db import Xid8

revision = "20261121_house"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A change that can't get its lock soon must fail, not stop the shop behind it.
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.create_table(
        "balance",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bound", sa.SmallInteger(), nullable=False),
        sa.Column("dr", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cr", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("dr_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cr_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "bound <> 1 OR dr + dr_pending <= cr", name=op.f("balance_debits_within_credits_check")
        ),
        sa.CheckConstraint(
            "bound <> 2 OR cr + cr_pending <= dr", name=op.f("balance_credits_within_debits_check")
        ),
        sa.CheckConstraint(
            "dr_pending >= 0 AND cr_pending >= 0", name=op.f("balance_pending_check")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("balance_pkey")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "brand",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("currency_exponent", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("brand_code_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("brand_pkey")),
        sa.UniqueConstraint("code", name=op.f("brand_code_key")),
    )
    op.create_table(
        "cap_use",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("cap", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "cap", "starts_on", name=op.f("cap_use_pkey")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("dr", sa.BigInteger(), nullable=False),
        sa.Column("cr", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand_id", "ends_on", "account_id", name=op.f("checkpoint_pkey")),
    )
    op.create_table(
        "effective_delta",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("dr", sa.BigInteger(), nullable=False),
        sa.Column("cr", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "effective_on", name=op.f("effective_delta_pkey")),
    )
    op.create_table(
        "fact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("fact_pkey")),
    )
    op.create_index("fact_order_idx", "fact", ["xid", "id"], unique=False)
    op.create_table(
        "fact_cursor",
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("'0'::xid8"), nullable=False),
        sa.Column("fact_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("subscriber", name=op.f("fact_cursor_pkey")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.UUID(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("effective_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("meta", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("journal_pkey")),
        sa.UniqueConstraint("brand_id", "key", name=op.f("journal_brand_id_key_key")),
    )
    op.create_table(
        "lot",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("earned_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("available_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("lot_amount_check")),
        sa.CheckConstraint(
            "remaining >= 0 AND held >= 0 AND remaining + held <= amount",
            name=op.f("lot_rest_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("lot_pkey")),
        sa.UniqueConstraint("journal_id", name=op.f("lot_journal_id_key")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "lot_expiry_idx",
        "lot",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_index(
        "lot_open_idx",
        "lot",
        ["account_id", "expires_at", "id"],
        unique=False,
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_table(
        "lot_use",
        sa.Column("journal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "lot_id", name=op.f("lot_use_pkey")),
    )
    op.create_index(op.f("lot_use_lot_id_idx"), "lot_use", ["lot_id"], unique=False)
    op.create_table(
        "open_hold",
        sa.Column("transfer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("open_hold_pkey")),
    )
    op.create_index(op.f("open_hold_expires_at_idx"), "open_hold", ["expires_at"], unique=False)
    op.create_table(
        "purchase",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("computed", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("purchase_pkey")),
        sa.UniqueConstraint(
            "brand_id", "external_id", name=op.f("purchase_brand_id_external_id_key")
        ),
    )
    op.create_index(
        "purchase_member_idx", "purchase", ["member_id", "occurred_at", "id"], unique=False
    )
    op.create_table(
        "qualifying_spend",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "year", name=op.f("qualifying_spend_pkey")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "refusal",
        sa.Column("journal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("refusal_pkey")),
    )
    op.create_table(
        "request",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "scope", "key", name=op.f("request_pkey")),
    )
    op.create_table(
        "reversal",
        sa.Column("reversed_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reversed_id", name=op.f("reversal_pkey")),
        sa.UniqueConstraint("journal_id", name=op.f("reversal_journal_id_key")),
    )
    op.create_table(
        "rollup",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("dr", sa.BigInteger(), nullable=False),
        sa.Column("cr", sa.BigInteger(), nullable=False),
        sa.Column("dr_pending", sa.BigInteger(), nullable=False),
        sa.Column("cr_pending", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("rollup_pkey")),
    )
    op.create_table(
        "rollup_mark",
        sa.Column("single", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("upto", Xid8(), nullable=False),
        sa.CheckConstraint("single", name=op.f("rollup_mark_single_check")),
        sa.PrimaryKeyConstraint("single", name=op.f("rollup_mark_pkey")),
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("debit_account", sa.BigInteger(), nullable=False),
        sa.Column("credit_account", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("pending_id", sa.BigInteger(), nullable=True),
        sa.Column("pending_amount", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint(
            "(kind >= 2) = (pending_amount IS NOT NULL) AND amount <= pending_amount",
            name=op.f("transfer_pending_amount_check"),
        ),
        sa.CheckConstraint(
            "(kind >= 2) = (pending_id IS NOT NULL)", name=op.f("transfer_pending_id_check")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("transfer_amount_check")),
        sa.CheckConstraint(
            "debit_account <> credit_account", name=op.f("transfer_two_accounts_check")
        ),
        sa.CheckConstraint(
            "kind = 1 OR expires_at IS NULL", name=op.f("transfer_expires_at_check")
        ),
        sa.CheckConstraint("kind BETWEEN 0 AND 4", name=op.f("transfer_kind_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("transfer_pkey")),
    )
    op.create_index("transfer_credit_idx", "transfer", ["credit_account", "id"], unique=False)
    op.create_index("transfer_debit_idx", "transfer", ["debit_account", "id"], unique=False)
    op.create_index("transfer_journal_id_idx", "transfer", ["journal_id"], unique=False)
    op.create_index(
        "transfer_pending_id_key",
        "transfer",
        ["pending_id"],
        unique=True,
        postgresql_where=sa.text("pending_id IS NOT NULL"),
    )
    op.create_index("transfer_xid_idx", "transfer", ["xid"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('server', 'staff')", name=op.f("api_key_role_check")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("api_key_brand_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("api_key_secret_hash_key")),
    )
    op.create_table(
        "asset",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scale", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('points', 'money')", name=op.f("asset_kind_check")),
        sa.CheckConstraint("scale BETWEEN 0 AND 9", name=op.f("asset_scale_check")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("asset_brand_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("asset_pkey")),
        sa.UniqueConstraint("brand_id", "code", name=op.f("asset_brand_id_code_key")),
    )
    op.create_table(
        "member",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("joined_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("member_brand_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("member_pkey")),
        sa.UniqueConstraint(
            "brand_id", "external_id", name=op.f("member_brand_id_external_id_key")
        ),
    )
    op.create_table(
        "period",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("period_brand_id_fkey")),
        sa.PrimaryKeyConstraint("brand_id", "ends_on", name=op.f("period_pkey")),
    )
    op.create_table(
        "programme_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("effective_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("applied_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("programme_version_brand_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("programme_version_pkey")),
        sa.UniqueConstraint(
            "brand_id", "effective_from", name=op.f("programme_version_brand_id_effective_from_key")
        ),
    )
    op.create_table(
        "refund",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("purchase_id", sa.UUID(), nullable=False),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("line_amounts", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("points_due", sa.BigInteger(), nullable=False),
        sa.Column("points_reversed", sa.BigInteger(), nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "points_reversed BETWEEN 0 AND points_due", name=op.f("refund_points_check")
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchase.id"], name=op.f("refund_purchase_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("refund_pkey")),
        sa.UniqueConstraint(
            "brand_id", "external_id", name=op.f("refund_brand_id_external_id_key")
        ),
    )
    op.create_index(op.f("refund_purchase_id_idx"), "refund", ["purchase_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=True),
        sa.Column("bound", sa.SmallInteger(), nullable=False),
        sa.Column("mode", sa.SmallInteger(), nullable=False),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("bound IN (0, 1, 2)", name=op.f("account_bound_check")),
        sa.CheckConstraint(
            "mode = 0 OR bound = 0", name=op.f("account_deferred_is_unbounded_check")
        ),
        sa.CheckConstraint("mode IN (0, 1)", name=op.f("account_mode_check")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("account_asset_id_fkey")),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("account_brand_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("account_pkey")),
        sa.UniqueConstraint(
            "brand_id",
            "asset_id",
            "code",
            "owner_id",
            name=op.f("account_brand_id_asset_id_code_owner_id_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "wallet",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("owed", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("wallet_account_id_fkey")
        ),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("wallet_asset_id_fkey")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("wallet_member_id_fkey")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("wallet_pkey")),
        sa.UniqueConstraint("member_id", "asset_id", name=op.f("wallet_member_id_asset_id_key")),
    )


def downgrade() -> None:
    """There is no way back from the first release."""
    raise NotImplementedError
