DROP TABLE waiting_credentials;
