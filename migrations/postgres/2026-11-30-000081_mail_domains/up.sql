-- Where a mail is received: a server that is slow for one domain delays the mails to that domain
-- alone (S-43). Mails that waited before are one domain together.
ALTER TABLE mails ADD COLUMN recipient_domain TEXT COLLATE "C" NOT NULL DEFAULT '';
