-- The rival: a ledger as most of them are in PostgreSQL, after the pattern of pgledger. A transfer
-- locks both balance rows in order, writes a transfer and two entries with the balance before and
-- after, and updates both rows. No keys, no holds, no effective dates.

CREATE TABLE hot_account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    currency text NOT NULL,
    balance bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    allow_negative boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE hot_transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_account bigint NOT NULL REFERENCES hot_account,
    to_account bigint NOT NULL REFERENCES hot_account,
    amount bigint NOT NULL CHECK (amount > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (from_account <> to_account)
);
CREATE INDEX ON hot_transfer (from_account);
CREATE INDEX ON hot_transfer (to_account);

CREATE TABLE hot_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES hot_account,
    transfer_id bigint NOT NULL REFERENCES hot_transfer,
    amount bigint NOT NULL,
    balance_before bigint NOT NULL,
    balance_after bigint NOT NULL,
    account_version bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON hot_entry (account_id);
CREATE INDEX ON hot_entry (transfer_id);

CREATE FUNCTION hot_entry_for(p_account bigint, p_transfer bigint, p_change bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed hot_account;
BEGIN
    UPDATE hot_account
    SET balance = balance + p_change, version = version + 1, updated_at = now()
    WHERE id = p_account RETURNING * INTO changed;
    IF changed.balance < 0 AND NOT changed.allow_negative THEN
        RAISE EXCEPTION 'account % does not allow a negative balance', p_account;
    END IF;
    INSERT INTO hot_entry
        (account_id, transfer_id, amount, balance_before, balance_after, account_version)
    VALUES (p_account, p_transfer, p_change, changed.balance - p_change, changed.balance,
            changed.version);
END $$;

CREATE FUNCTION hot_transfers(p_from bigint[], p_to bigint[], p_amount bigint[])
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint;
BEGIN
    PERFORM FROM hot_account WHERE id = ANY (p_from || p_to) ORDER BY id FOR UPDATE;
    FOR n IN 1 .. cardinality(p_from) LOOP
        IF (SELECT currency FROM hot_account WHERE id = p_from[n])
           <> (SELECT currency FROM hot_account WHERE id = p_to[n]) THEN
            RAISE EXCEPTION 'a transfer needs two accounts of one currency';
        END IF;
        INSERT INTO hot_transfer (from_account, to_account, amount)
        VALUES (p_from[n], p_to[n], p_amount[n]) RETURNING id INTO new_id;
        PERFORM hot_entry_for(p_from[n], new_id, -p_amount[n]);
        PERFORM hot_entry_for(p_to[n], new_id, p_amount[n]);
        RETURN NEXT new_id;
    END LOOP;
END $$;
