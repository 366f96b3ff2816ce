-- A brand with as many members as asked for, as if each had bought {history} times: what
-- bench/growth.py measures in. Loaded past the triggers, so everything they keep is written here.
SET session_replication_role = replica;
SET synchronous_commit = off;

INSERT INTO member (id, brand_id, external_id, joined_at, created_at)
SELECT uuidv7(), {brand}, 'm' || n, '2025-01-01', '2025-01-01'
FROM generate_series(1, {members}) AS n;

CREATE TEMP TABLE numbered AS
SELECT id AS member_id, substr(external_id, 2)::int AS n FROM member WHERE brand_id = {brand};

INSERT INTO account (brand_id, asset_id, code, owner_id, bound, mode)
SELECT {brand}, {asset}, 'member', member_id, 1, 0 FROM numbered ORDER BY n;

INSERT INTO balance (account_id, bound, cr)
SELECT id, 1, 100 * {history} FROM account
WHERE brand_id = {brand} AND code = 'member' ORDER BY id;

INSERT INTO wallet (account_id, brand_id, member_id, asset_id)
SELECT id, {brand}, owner_id, {asset} FROM account
WHERE brand_id = {brand} AND code = 'member' ORDER BY id;

-- In rounds, so that a member's history lies apart on the disk as it would.
CREATE TEMP TABLE event AS
SELECT nextval(pg_get_serial_sequence('journal', 'id')) AS journal_id, gen_random_uuid() AS key,
       uuidv7() AS purchase_id, w.account_id, w.member_id, r,
       timestamptz '2025-01-15 12:00Z' + r * interval '30 days' AS at
FROM generate_series(1, {history}) AS r CROSS JOIN wallet w;

INSERT INTO journal (id, brand_id, key, request_hash, code, effective_at, recorded_at, actor, meta)
OVERRIDING SYSTEM VALUE
SELECT journal_id, {brand}, key, sha256('x'), 'accrual', at, at, 'system',
       jsonb_build_object('reference', key, 'rule', 'base')
FROM event;

INSERT INTO transfer (brand_id, journal_id, kind, debit_account, credit_account, asset_id, amount,
                      code, effective_on, recorded_at)
SELECT {brand}, journal_id, 0, {issuance}, account_id, {asset}, 100, 'accrual', at::date, at
FROM event;

INSERT INTO lot (brand_id, account_id, journal_id, amount, remaining, earned_at, available_at)
SELECT {brand}, account_id, journal_id, 100, 100, at, at FROM event;

INSERT INTO purchase (id, brand_id, external_id, member_id, occurred_at, recorded_at, channel,
                      store, lines, amount, computed, points, version_id, content_hash)
SELECT purchase_id, {brand}, 'p' || journal_id, member_id, at, at, '', '',
       '[[10000, 0, 1, "", ""]]', 10000, 100, 100, {version}, sha256('x')
FROM event;

INSERT INTO award (event_id, rule, part, brand_id, points, qualifies, journal_id)
SELECT purchase_id, 'base', 0, {brand}, 100, true, journal_id FROM event;

INSERT INTO tally (member_id, kind, day, brand_id, amount, points, count)
SELECT member_id, 'purchase', at::date, {brand}, 10000, 100, 1 FROM event;

DROP TABLE event, numbered;
SET session_replication_role = origin;
SELECT ledger_rollup();
