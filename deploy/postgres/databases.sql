-- For each service a database, a role that owns it and makes its tables, and a role that may do no more than read and
-- write rows of them: what the service itself is. Beside them one role, finance, that reads the views made for it in
-- each of the databases, and nothing else. Runs by itself on an empty volume; over what is there it changes
-- nothing but the passwords, and hands over to the owner what the service's role still owns.
\set ON_ERROR_STOP on
\getenv placements_password PLACEMENTS_PASSWORD
\getenv placements_owner_password PLACEMENTS_OWNER_PASSWORD
\getenv ledger_password LEDGER_PASSWORD
\getenv ledger_owner_password LEDGER_OWNER_PASSWORD
\getenv alerts_password ALERTS_PASSWORD
\getenv alerts_owner_password ALERTS_OWNER_PASSWORD
\getenv finance_password FINANCE_PASSWORD

-- A statement that fails is logged as it stands, and these hold passwords.
SET log_min_error_statement = panic;

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['placements', 'placements_owner', 'ledger', 'ledger_owner', 'alerts', 'alerts_owner',
    'finance']) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec

ALTER ROLE placements PASSWORD :'placements_password';
ALTER ROLE placements_owner PASSWORD :'placements_owner_password';
ALTER ROLE ledger PASSWORD :'ledger_password';
ALTER ROLE ledger_owner PASSWORD :'ledger_owner_password';
ALTER ROLE alerts PASSWORD :'alerts_password';
ALTER ROLE alerts_owner PASSWORD :'alerts_owner_password';
ALTER ROLE finance PASSWORD :'finance_password';
ALTER ROLE finance SET default_transaction_read_only = on;
ALTER ROLE finance SET statement_timeout = '30s';

SELECT format('CREATE DATABASE %I OWNER %I', name, name || '_owner')
FROM unnest(ARRAY['placements', 'ledger', 'alerts']) AS name
WHERE name NOT IN (SELECT datname FROM pg_database) \gexec

REVOKE ALL ON DATABASE placements, ledger, alerts, postgres, template1 FROM PUBLIC;

-- CONNECT comes after: where a database changes hands, what its old owner was granted goes to the new one.
\connect placements
REASSIGN OWNED BY placements TO placements_owner;
GRANT CONNECT ON DATABASE placements TO placements, finance;
SELECT unnest(ARRAY['GRANT USAGE ON SCHEMA finance TO finance', 'GRANT SELECT ON ALL TABLES IN SCHEMA finance TO finance'])
WHERE EXISTS (SELECT FROM pg_namespace WHERE nspname = 'finance') \gexec
-- MAINTAIN: placements tells the planner what it knows of a register that fills (ANALYZE).
GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON ALL TABLES IN SCHEMA public TO placements;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO placements;
ALTER DEFAULT PRIVILEGES FOR ROLE placements_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO placements;
ALTER DEFAULT PRIVILEGES FOR ROLE placements_owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO placements;

\connect ledger
REASSIGN OWNED BY ledger TO ledger_owner;
GRANT CONNECT ON DATABASE ledger TO ledger, finance;
SELECT unnest(ARRAY['GRANT USAGE ON SCHEMA finance TO finance', 'GRANT SELECT ON ALL TABLES IN SCHEMA finance TO finance'])
WHERE EXISTS (SELECT FROM pg_namespace WHERE nspname = 'finance') \gexec
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ledger;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ledger;
ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ledger;
ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO ledger;

\connect alerts
REASSIGN OWNED BY alerts TO alerts_owner;
GRANT CONNECT ON DATABASE alerts TO alerts, finance;
SELECT unnest(ARRAY['GRANT USAGE ON SCHEMA finance TO finance', 'GRANT SELECT ON ALL TABLES IN SCHEMA finance TO finance'])
WHERE EXISTS (SELECT FROM pg_namespace WHERE nspname = 'finance') \gexec
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO alerts;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO alerts;
ALTER DEFAULT PRIVILEGES FOR ROLE alerts_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO alerts;
ALTER DEFAULT PRIVILEGES FOR ROLE alerts_owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO alerts;
