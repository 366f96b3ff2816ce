-- Writes the transfers of those journals that are wanted; returns their ids in order.
CREATE FUNCTION ledger_write(
    p_brand int, p_now timestamptz, p_journals bigint[], j_effective_on date[], p_wanted boolean[],
    t_journal int[], t_kind smallint[], t_debit bigint[], t_credit bigint[], t_asset int[],
    t_amount bigint[], t_code text[], t_pending bigint[], t_expires timestamptz[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    WITH written AS (
        INSERT INTO public.transfer
            (brand_id, journal_id, kind, debit_account, credit_account, asset_id, amount, code,
             effective_on, recorded_at, pending_id, pending_amount, expires_at)
        SELECT p_brand, p_journals[t.journal], t.kind, t.debit, t.credit, t.asset, t.amount, t.code,
               j_effective_on[t.journal], p_now, t.pending,
               (SELECT p.amount FROM public.transfer p WHERE p.id = t.pending), t.expires
        FROM unnest(t_journal, t_kind, t_debit, t_credit, t_asset, t_amount, t_code, t_pending,
                    t_expires) WITH ORDINALITY
            AS t(journal, kind, debit, credit, asset, amount, code, pending, expires, n)
        WHERE p_wanted[t.journal]
        ORDER BY t.n
        RETURNING id
    )
    SELECT array_agg(id ORDER BY id) INTO ids FROM written;
    RETURN ids;
END $$;

-- The one way to write to the ledger: ledger_post at the end, and what decides for it.

-- Says why a journal can't be posted, or null. Of what its neighbours change it knows only the
-- holds they have resolved and the journals they have undone; balances are not looked at.
-- The transfers of the journal come as parallel arrays.
CREATE FUNCTION ledger_fault(
    p_brand int, p_now timestamptz, p_effective_on date, p_reverses bigint,
    t_kind smallint[], t_debit bigint[], t_credit bigint[], t_asset int[], t_amount bigint[],
    t_pending bigint[], p_resolved bigint[], p_undone bigint[]
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_effective_on <= (SELECT max(ends_on) FROM public.period WHERE brand_id = p_brand)
            THEN 'PERIOD_CLOSED'
        WHEN p_reverses IS NOT NULL AND NOT EXISTS (
            SELECT FROM public.journal j WHERE j.id = p_reverses AND j.brand_id = p_brand
              AND NOT EXISTS (SELECT FROM public.refusal r WHERE r.journal_id = j.id))
            THEN 'JOURNAL_NOT_FOUND'
        WHEN p_reverses = ANY (p_undone)
          OR EXISTS (SELECT FROM public.reversal WHERE reversed_id = p_reverses)
            THEN 'ALREADY_REVERSED'
        ELSE (
            SELECT CASE
                WHEN t.kind NOT BETWEEN 0 AND 4 OR t.amount IS NULL OR t.amount <= 0
                    THEN 'INVALID_AMOUNT'
                WHEN t.debit = t.credit THEN 'SAME_ACCOUNT'
                WHEN (d.brand_id = p_brand AND c.brand_id = p_brand) IS NOT TRUE
                    THEN 'ACCOUNT_NOT_FOUND'
                WHEN d.closed_at IS NOT NULL OR c.closed_at IS NOT NULL THEN 'ACCOUNT_CLOSED'
                WHEN d.asset_id <> t.asset OR c.asset_id <> t.asset THEN 'ASSET_MISMATCH'
                WHEN t.kind < 2 THEN NULL
                WHEN p.id IS NULL OR p.debit_account <> t.debit OR p.credit_account <> t.credit
                    THEN 'HOLD_NOT_FOUND'
                WHEN h.transfer_id IS NULL OR t.pending = ANY (p_resolved) THEN 'HOLD_RESOLVED'
                WHEN t.kind = 4 AND h.expires_at > p_now THEN 'HOLD_NOT_EXPIRED'
                WHEN t.kind = 2 AND h.expires_at <= p_now THEN 'HOLD_EXPIRED'
                WHEN t.amount > p.amount OR (t.kind > 2 AND t.amount <> p.amount)
                    THEN 'EXCEEDS_HOLD'
            END AS code
            FROM unnest(t_kind, t_debit, t_credit, t_asset, t_amount, t_pending)
                AS t(kind, debit, credit, asset, amount, pending)
            LEFT JOIN public.account d ON d.id = t.debit
            LEFT JOIN public.account c ON c.id = t.credit
            LEFT JOIN public.transfer p ON p.id = t.pending AND p.kind = 1 AND p.brand_id = p_brand
            LEFT JOIN public.open_hold h ON h.transfer_id = t.pending
            ORDER BY code NULLS LAST LIMIT 1)
    END
$$;

-- Decides journal by journal, as if each had come alone, in the order given. The balances are
-- locked already. Runs only when the set-based test can't say yes to all of them at once.
CREATE FUNCTION ledger_judge(
    p_brand int, p_now timestamptz, j_effective_on date[], j_reverses bigint[], p_fresh int[],
    t_journal int[], t_kind smallint[], t_debit bigint[], t_credit bigint[], t_asset int[],
    t_amount bigint[], t_pending bigint[]
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    verdicts text[] := array_fill(NULL::text, ARRAY[cardinality(j_effective_on)]);
    room jsonb;                   -- bounded account -> what may still leave it
    tried jsonb;
    resolved bigint[] := '{}';    -- holds that an earlier item of this list has resolved
    undone bigint[] := '{}';      -- journals that an earlier item of this list has reversed
    pending bigint[];
    item int;
    f int;                        -- the item's transfers are those from f to l
    l int;
    step record;
BEGIN
    SELECT coalesce(jsonb_object_agg(b.account_id, CASE b.bound
               WHEN 1 THEN b.cr - b.dr - b.dr_pending ELSE b.dr - b.cr - b.cr_pending END), '{}')
    INTO room FROM public.balance b
    WHERE b.bound <> 0 AND b.account_id = ANY (t_debit || t_credit);

    FOREACH item IN ARRAY p_fresh LOOP
        f := coalesce(array_position(t_journal, item), 1);
        l := f - 1 + (SELECT count(*) FROM unnest(t_journal) AS n WHERE n = item);
        pending := array_remove(t_pending[f:l], NULL);
        verdicts[item] := coalesce(
            public.ledger_fault(p_brand, p_now, j_effective_on[item], j_reverses[item], t_kind[f:l],
                         t_debit[f:l], t_credit[f:l], t_asset[f:l], t_amount[f:l], t_pending[f:l],
                         resolved, undone),
            CASE WHEN cardinality(pending) <>
                     (SELECT count(DISTINCT id) FROM unnest(pending) AS id)
                 THEN 'HOLD_RESOLVED' END);
        CONTINUE WHEN verdicts[item] IS NOT NULL;
        tried := room;
        FOR step IN
            SELECT s.account::text AS account, sum(s.change) AS change
            FROM unnest(t_kind[f:l], t_debit[f:l], t_credit[f:l], t_amount[f:l], t_pending[f:l])
                AS t(kind, debit, credit, amount, pending)
            LEFT JOIN public.transfer p ON p.id = t.pending
            CROSS JOIN LATERAL (SELECT
                coalesce(p.amount, 0) - CASE WHEN t.kind <= 2 THEN t.amount ELSE 0 END AS leaves,
                CASE WHEN t.kind IN (0, 2) THEN t.amount ELSE 0 END AS enters) AS m
            CROSS JOIN LATERAL
                (VALUES (t.debit, m.leaves, m.enters), (t.credit, m.enters, m.leaves))
                AS v(account, if_1, if_2)
            JOIN public.account a ON a.id = v.account AND a.bound <> 0
            CROSS JOIN LATERAL (SELECT v.account,
                CASE a.bound WHEN 1 THEN v.if_1 ELSE v.if_2 END AS change) AS s
            GROUP BY s.account
        LOOP
            tried := jsonb_set(tried, ARRAY[step.account],
                               to_jsonb((tried ->> step.account)::bigint + step.change));
            IF (tried ->> step.account)::bigint < 0 THEN
                verdicts[item] := 'INSUFFICIENT_BALANCE';
            END IF;
        END LOOP;
        CONTINUE WHEN verdicts[item] IS NOT NULL;
        room := tried;
        resolved := resolved || pending;
        undone := array_append(undone, j_reverses[item]);
    END LOOP;
    RETURN verdicts;
END $$;

-- True if every journal may be posted whatever the order, seen from all accounts at once: enough
-- is there even if nothing came in. Locks the balances in order and keeps them locked.
CREATE FUNCTION ledger_all_fit(
    p_brand int, j_effective_on date[], t_journal int[], t_kind smallint[], t_debit bigint[],
    t_credit bigint[], t_asset int[], t_amount bigint[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    fit boolean;
BEGIN
    SELECT coalesce(bool_and(b.bound = 0
        OR b.bound = 1 AND b.cr - b.dr - b.dr_pending >= b.debited
        OR b.bound = 2 AND b.dr - b.cr - b.cr_pending >= b.credited), true) INTO fit
    FROM (
        SELECT b.*, s.debited, s.credited FROM public.balance b JOIN (
            SELECT account_id, sum(debited) AS debited, sum(credited) AS credited FROM (
                SELECT debit AS account_id, amount AS debited, 0 AS credited
                FROM unnest(t_debit, t_amount) AS t(debit, amount)
                UNION ALL
                SELECT credit, 0, amount FROM unnest(t_credit, t_amount) AS t(credit, amount)
            ) AS leg GROUP BY account_id
        ) AS s USING (account_id)
        ORDER BY b.account_id FOR NO KEY UPDATE OF b
    ) AS b;
    IF NOT fit THEN
        RETURN false;
    END IF;
    RETURN (
        -- Joined by id alone: offered more, a plan made while accounts are few reads them all.
        SELECT count(*) FILTER (WHERE
                d.asset_id = t.asset AND d.brand_id = p_brand AND d.closed_at IS NULL
                AND c.asset_id = t.asset AND c.brand_id = p_brand AND c.closed_at IS NULL
                AND t.kind IN (0, 1) AND t.amount > 0 AND t.debit <> t.credit
                AND j_effective_on[t.journal] > coalesce(
                    (SELECT max(ends_on) FROM public.period WHERE brand_id = p_brand), '-infinity')
            ) = cardinality(t_amount)
        FROM unnest(t_journal, t_kind, t_debit, t_credit, t_asset, t_amount)
            AS t(journal, kind, debit, credit, asset, amount)
        JOIN public.account d ON d.id = t.debit
        JOIN public.account c ON c.id = t.credit);
END $$;

-- The one way to write to the ledger: journals under distinct keys, each with its transfers
-- (t_journal: position of its journal, counted from 1, rising).
--
-- Each journal is atomic; all of them together equal their serial execution in the order given.
-- refusals[i] is null: posted; or a code, which stays the answer for that key. replayed[i]: the
-- key was known, this is its first answer. A key known with another hash answers KEY_CONFLICT.
-- j_refused lets the caller store a refusal of its own. transfers: ids of what was posted, in
-- order. accounts and totals: the inline accounts touched, as they are after all of it.
CREATE FUNCTION ledger_post(
    p_brand int, p_now timestamptz, p_actor text,
    j_key uuid[], j_hash bytea[], j_code text[], j_effective_at timestamptz[],
    j_effective_on date[], j_reverses bigint[], j_meta text[], j_refused text[],
    t_journal int[], t_kind smallint[], t_debit bigint[], t_credit bigint[], t_asset int[],
    t_amount bigint[], t_code text[], t_pending bigint[], t_expires timestamptz[],
    OUT journals bigint[], OUT refusals text[], OUT replayed boolean[], OUT transfers bigint[],
    OUT accounts bigint[], OUT drs bigint[], OUT crs bigint[],
    OUT dr_pendings bigint[], OUT cr_pendings bigint[]
) LANGUAGE plpgsql SECURITY DEFINER
-- Temporary types are found first unless they come last here: a caller's own `jsonb`, a domain
-- with a check, would run his code as the owner.
SET search_path = pg_catalog, public, pg_temp
-- One plan for good, made when tables may still be empty: the way by the index is always right.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    fresh int[];
    special boolean := array_remove(t_pending, NULL) <> '{}'
        OR array_remove(j_reverses, NULL) <> '{}';
    posted boolean := false;
BEGIN
    -- Whoever closes a period holds this lock alone, so none closes under a posting in flight.
    PERFORM pg_advisory_xact_lock_shared(7001, p_brand);

    -- Keys first and in order: the row of a key is also its lock.
    WITH written AS (
        INSERT INTO public.journal
            (brand_id, key, request_hash, code, effective_at, recorded_at, actor, meta)
        SELECT p_brand, key, hash, code, effective_at, p_now, p_actor, meta::jsonb
        FROM unnest(j_key, j_hash, j_code, j_effective_at, j_meta)
            AS j(key, hash, code, effective_at, meta)
        ORDER BY key
        ON CONFLICT (brand_id, key) DO NOTHING
        RETURNING id, key
    )
    SELECT array_agg(w.id ORDER BY n), array_agg(w.id IS NULL ORDER BY n)
    INTO journals, replayed
    FROM unnest(j_key) WITH ORDINALITY AS j(key, n) LEFT JOIN written w ON w.key = j.key;
    refusals := j_refused;
    IF true = ANY (replayed) THEN
        SELECT array_agg(j.id ORDER BY i.n),
               array_agg(CASE WHEN NOT i.was THEN i.refused
                              WHEN j.request_hash <> i.hash THEN 'KEY_CONFLICT'
                              ELSE r.code END ORDER BY i.n)
        INTO journals, refusals
        FROM unnest(j_key, j_hash, replayed, j_refused) WITH ORDINALITY
            AS i(key, hash, was, refused, n)
        JOIN public.journal j ON j.brand_id = p_brand AND j.key = i.key
        LEFT JOIN public.refusal r ON r.journal_id = j.id;
    END IF;

    IF special THEN
        PERFORM FROM public.journal WHERE id = ANY (j_reverses) ORDER BY id FOR NO KEY UPDATE;
        PERFORM FROM public.open_hold WHERE transfer_id = ANY (t_pending)
            ORDER BY transfer_id FOR UPDATE;
    END IF;
    IF cardinality(j_key) = 1 AND NOT special AND NOT replayed[1] AND refusals[1] IS NULL
       AND cardinality(t_journal) > 0 THEN
        -- A journal that comes alone need not be judged: the table refuses what can't be. The
        -- locks come before the ids, so that an account's ids are in the order of commits.
        PERFORM FROM public.balance WHERE account_id = ANY (t_debit || t_credit)
            ORDER BY account_id FOR NO KEY UPDATE;
        BEGIN
            transfers := public.ledger_write(
                p_brand, p_now, journals, j_effective_on, ARRAY[true], t_journal, t_kind, t_debit,
                t_credit, t_asset, t_amount, t_code, t_pending, t_expires);
            posted := true;
        EXCEPTION WHEN check_violation OR not_null_violation THEN
            posted := false;
        END;
    END IF;
    IF NOT posted AND (NOT public.ledger_all_fit(p_brand, j_effective_on, t_journal, t_kind,
                                                 t_debit, t_credit, t_asset, t_amount)
                       OR special) THEN
        fresh := ARRAY(SELECT n FROM generate_subscripts(journals, 1) AS n
                       WHERE NOT replayed[n] AND refusals[n] IS NULL ORDER BY n);
        SELECT array_agg(coalesce(refusals[n], verdict) ORDER BY n) INTO refusals
        FROM unnest(public.ledger_judge(p_brand, p_now, j_effective_on, j_reverses, fresh,
                                        t_journal, t_kind, t_debit, t_credit, t_asset, t_amount,
                                        t_pending))
            WITH ORDINALITY AS v(verdict, n);
    END IF;
    IF array_remove(refusals, NULL) <> '{}' THEN
        INSERT INTO public.refusal (journal_id, code)
        SELECT journals[n], refusals[n] FROM generate_subscripts(journals, 1) AS n
        WHERE NOT replayed[n] AND refusals[n] IS NOT NULL;
    END IF;
    IF special THEN
        INSERT INTO public.reversal (reversed_id, journal_id)
        SELECT j_reverses[n], journals[n] FROM generate_subscripts(journals, 1) AS n
        WHERE NOT replayed[n] AND refusals[n] IS NULL AND j_reverses[n] IS NOT NULL;
    END IF;

    IF NOT posted THEN
        transfers := public.ledger_write(
            p_brand, p_now, journals, j_effective_on,
            ARRAY(SELECT NOT replayed[n] AND refusals[n] IS NULL
                  FROM generate_subscripts(journals, 1) AS n ORDER BY n),
            t_journal, t_kind, t_debit, t_credit, t_asset, t_amount, t_code, t_pending, t_expires);
    END IF;

    SELECT array_agg(b.account_id), array_agg(b.dr), array_agg(b.cr),
           array_agg(b.dr_pending), array_agg(b.cr_pending)
    INTO accounts, drs, crs, dr_pendings, cr_pendings
    FROM public.balance b WHERE b.account_id = ANY (t_debit || t_credit);
END $$;

-- What the doors above call is not for others: compiled in a caller's session under his own
-- types, or hung as a trigger on a temporary table, it would serve him with the owner's rights.
REVOKE EXECUTE ON FUNCTION ledger_refuse_change, ledger_apply, ledger_apply_holds,
    ledger_open_balance, ledger_fault, ledger_judge, ledger_all_fit, ledger_write FROM PUBLIC;
