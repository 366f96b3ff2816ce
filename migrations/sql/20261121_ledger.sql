-- What keeps the ledger's balances equal to its rows, and its rows as they were written.
-- Kinds of a transfer: 0 posted, 1 pending, 2 posts, 3 voids, 4 expires a pending one.

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed: post a correction', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY
        ARRAY['transfer', 'journal', 'refusal', 'reversal', 'period', 'checkpoint']
    LOOP
        EXECUTE format('CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()', name);
        EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
END $$;

-- Balances follow from rows on every path: whoever inserts a transfer comes through here.
CREATE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sound boolean;
    holds boolean;
    touched int;
    changed int;
BEGIN
    -- Balances change in the order of accounts, so that two journals can't wait crosswise.
    WITH side AS MATERIALIZED (
        SELECT v.account_id, f.kind,
               a.asset_id = f.asset_id AND a.brand_id = f.brand_id AND a.closed_at IS NULL
                   AND (f.effective_on <= (SELECT max(ends_on) FROM public.period p
                                           WHERE p.brand_id = f.brand_id)) IS NOT TRUE AS sound,
               a.mode, v.dr, v.cr, v.dr_pending, v.cr_pending
        FROM fresh f
        CROSS JOIN LATERAL (SELECT
            CASE WHEN f.kind IN (0, 2) THEN f.amount ELSE 0 END AS posted,
            CASE WHEN f.kind = 1 THEN f.amount ELSE 0 END - coalesce(f.pending_amount, 0) AS pending
        ) AS m
        CROSS JOIN LATERAL (VALUES (f.debit_account, m.posted, 0, m.pending, 0),
                                   (f.credit_account, 0, m.posted, 0, m.pending))
            AS v(account_id, dr, cr, dr_pending, cr_pending)
        LEFT JOIN public.account a ON a.id = v.account_id
    ), delta AS MATERIALIZED (
        SELECT account_id, sum(dr)::bigint AS dr, sum(cr)::bigint AS cr,
               sum(dr_pending)::bigint AS dr_pending, sum(cr_pending)::bigint AS cr_pending
        FROM side WHERE mode = 0 GROUP BY account_id ORDER BY account_id
    ), applied AS (
        UPDATE public.balance b
        SET dr = b.dr + d.dr, cr = b.cr + d.cr,
            dr_pending = b.dr_pending + d.dr_pending, cr_pending = b.cr_pending + d.cr_pending
        FROM delta d WHERE b.account_id = d.account_id
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM delta), (SELECT count(*) FROM applied),
           bool_and(side.sound IS TRUE), bool_or(side.kind <> 0)
    INTO touched, changed, sound, holds FROM side;
    IF NOT sound THEN
        RAISE EXCEPTION
            'a transfer needs two open accounts of its brand and asset, and an open period'
            USING ERRCODE = 'check_violation';
    END IF;
    IF touched <> changed THEN
        RAISE EXCEPTION 'an inline account has no balance row' USING ERRCODE = 'check_violation';
    END IF;
    IF holds THEN
        PERFORM public.ledger_apply_holds(array_agg(id) FILTER (WHERE kind = 1),
                                          array_agg(id) FILTER (WHERE kind > 1)) FROM fresh;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_apply_holds(p_opened bigint[], p_resolved bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    deleted int;
BEGIN
    INSERT INTO public.open_hold (transfer_id, expires_at)
    SELECT id, coalesce(expires_at, 'infinity') FROM public.transfer WHERE id = ANY (p_opened);
    IF p_resolved IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (
        SELECT FROM public.transfer r LEFT JOIN public.transfer p ON p.id = r.pending_id
        WHERE r.id = ANY (p_resolved)
          AND (p.kind, p.debit_account, p.credit_account, p.amount)
              IS DISTINCT FROM (1::smallint, r.debit_account, r.credit_account, r.pending_amount)
    ) THEN
        RAISE EXCEPTION 'a resolution must name a pending transfer with its accounts and amount'
            USING ERRCODE = 'check_violation';
    END IF;
    DELETE FROM public.open_hold WHERE transfer_id IN
        (SELECT pending_id FROM public.transfer WHERE id = ANY (p_resolved));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted <> cardinality(p_resolved) THEN
        RAISE EXCEPTION 'a pending transfer is resolved at most once'
            USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE TRIGGER apply AFTER INSERT ON public.transfer REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply();

-- Folds what deferred accounts have gathered since the mark. Only transactions below the oldest
-- running one are folded, so a low id that commits late is never skipped. Returns rows folded.
CREATE FUNCTION ledger_rollup() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    since xid8;
    until xid8;
    folded bigint;
BEGIN
    SELECT upto INTO since FROM public.rollup_mark FOR UPDATE;
    until := pg_snapshot_xmin(pg_current_snapshot());
    WITH leg AS (
        SELECT v.account_id, t.effective_on, v.dr, v.cr, v.dr_pending, v.cr_pending
        FROM public.transfer t
        CROSS JOIN LATERAL (SELECT
            CASE WHEN t.kind IN (0, 2) THEN t.amount ELSE 0 END AS posted,
            CASE WHEN t.kind = 1 THEN t.amount ELSE 0 END - coalesce(t.pending_amount, 0) AS pending
        ) AS m
        CROSS JOIN LATERAL (VALUES (t.debit_account, m.posted, 0, m.pending, 0),
                                   (t.credit_account, 0, m.posted, 0, m.pending))
            AS v(account_id, dr, cr, dr_pending, cr_pending)
        JOIN public.account a ON a.id = v.account_id AND a.mode = 1
        WHERE t.xid >= since AND t.xid < until
    ), totals AS (
        INSERT INTO public.rollup AS r (account_id, dr, cr, dr_pending, cr_pending)
        SELECT account_id, sum(dr), sum(cr), sum(dr_pending), sum(cr_pending)
        FROM leg GROUP BY account_id ORDER BY account_id
        ON CONFLICT (account_id) DO UPDATE
        SET dr = r.dr + excluded.dr, cr = r.cr + excluded.cr,
            dr_pending = r.dr_pending + excluded.dr_pending,
            cr_pending = r.cr_pending + excluded.cr_pending
    ), days AS (
        INSERT INTO public.effective_delta AS e (account_id, effective_on, dr, cr)
        SELECT account_id, effective_on, sum(dr), sum(cr)
        FROM leg GROUP BY account_id, effective_on HAVING sum(dr) + sum(cr) > 0
        ORDER BY account_id, effective_on
        ON CONFLICT (account_id, effective_on) DO UPDATE
        SET dr = e.dr + excluded.dr, cr = e.cr + excluded.cr
    )
    SELECT count(*) INTO folded FROM leg;
    UPDATE public.rollup_mark SET upto = until;
    RETURN folded;
END $$;

-- Returns the last closed day of a brand's books and keeps it so until the commit.
CREATE FUNCTION ledger_closed_to(p_brand int) RETURNS date LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7001, p_brand);
    RETURN (SELECT max(ends_on) FROM public.period WHERE brand_id = p_brand);
END $$;

-- Closes a brand's books up to and including a day. Waits for postings in flight, stores each
-- account's totals at that day. False if that day is closed already.
CREATE FUNCTION ledger_close_period(p_brand int, p_ends_on date, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    last date;
BEGIN
    PERFORM pg_advisory_xact_lock(7001, p_brand);
    SELECT max(ends_on) INTO last FROM public.period WHERE brand_id = p_brand;
    IF last >= p_ends_on THEN
        RETURN false;
    END IF;
    INSERT INTO public.checkpoint (brand_id, ends_on, account_id, dr, cr)
    SELECT p_brand, p_ends_on, account_id, sum(dr), sum(cr) FROM (
        SELECT account_id, dr, cr FROM public.checkpoint WHERE brand_id = p_brand AND ends_on = last
        UNION ALL
        SELECT v.account_id, v.dr, v.cr FROM public.transfer t
        CROSS JOIN LATERAL (VALUES (t.debit_account, t.amount, 0), (t.credit_account, 0, t.amount))
            AS v(account_id, dr, cr)
        WHERE t.brand_id = p_brand AND t.kind IN (0, 2) AND t.effective_on <= p_ends_on
          AND t.effective_on > coalesce(last, '-infinity')
    ) AS part GROUP BY account_id;
    -- A posting that this waited for may be recorded later than p_now: the close comes after it.
    INSERT INTO public.period (brand_id, ends_on, closed_at)
    SELECT p_brand, p_ends_on, greatest(p_now, max(recorded_at)) FROM public.transfer
    WHERE brand_id = p_brand AND effective_on <= p_ends_on
      AND effective_on > coalesce(last, '-infinity');
    RETURN true;
END $$;

-- Opens an inline account's balance row together with the account, always.
CREATE FUNCTION ledger_open_balance() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh f LEFT JOIN public.asset a
               ON a.id = f.asset_id AND a.brand_id = f.brand_id WHERE a.id IS NULL) THEN
        RAISE EXCEPTION 'an account counts in an asset of its own brand'
            USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO public.balance (account_id, bound) SELECT id, bound FROM fresh WHERE mode = 0;
    RETURN NULL;
END $$;

CREATE TRIGGER open_balance AFTER INSERT ON public.account REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_open_balance();

INSERT INTO public.rollup_mark (upto) VALUES ('0');

-- While nobody spends, one account stands on the debit side of every transfer; told what it sees,
-- the planner would expect that of any account and read the table instead of the index.
ALTER TABLE transfer ALTER debit_account SET (n_distinct = -0.05),
                     ALTER credit_account SET (n_distinct = -0.05);
