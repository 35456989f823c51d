-- One role and one database for each service, which nobody else may enter. Runs once, on an empty volume.
\set ON_ERROR_STOP on
\getenv placements_password PLACEMENTS_PASSWORD
\getenv ledger_password LEDGER_PASSWORD
\getenv alerts_password ALERTS_PASSWORD

-- A statement that fails is logged as it stands, and these hold passwords.
SET log_min_error_statement = panic;

CREATE ROLE placements LOGIN PASSWORD :'placements_password';
CREATE ROLE ledger LOGIN PASSWORD :'ledger_password';
CREATE ROLE alerts LOGIN PASSWORD :'alerts_password';

CREATE DATABASE placements OWNER placements;
CREATE DATABASE ledger OWNER ledger;
CREATE DATABASE alerts OWNER alerts;

REVOKE ALL ON DATABASE placements, ledger, alerts, postgres, template1 FROM PUBLIC;
