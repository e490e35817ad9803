## Why an account was changed: one sentence each

rules-created = The person is new in the HR system, so an account was created.
rules-linked-by-email =
    The account and a person in the HR system have the same e-mail, so they were linked.
rules-rehired =
    A person who had left is back in the HR system under a new number, and got their account back.
rules-ledger =
    The person had this account when the HR system was connected before, and got it back.
rules-approved = An admin approved this change.
rules-followed = The account follows what the HR system says about the person.
rules-leaving-date-over = The person's last day is over.
rules-not-current-staff = The HR system does not list the person as current staff.
rules-former-staff = The HR system says that the person has left.
rules-gone = The HR system does not know the person any more.
rules-start-date-came = The person's first day has come.
rules-employed = The HR system counts the person as employed.
rules-other-directory =
    The account is linked to more than one HR system, and another one decides now.
rules-made-by-application = The application created the account.
rules-edited-by-application = The application changed the account.
rules-imported = The account was in a list that the application imported.
rules-deleted = The application deleted the account.
rules-manager-deleted = The account of the person's manager was deleted.

## What HR has to correct in a record, or to check

rules-row-missing-key =
    The employee id is empty, so nobody can tell whose record this is. Enter it in the HR system.
    The account then follows by itself.
rules-row-missing-first-name =
    The first name is empty. Enter it in the HR system. The account then follows by itself.
rules-row-missing-last-name =
    The last name is empty. Enter it in the HR system. The account then follows by itself.
rules-row-missing-email =
    The work e-mail is empty. Enter it in the HR system. The account then follows by itself.
rules-row-invalid-email = The work e-mail is not an e-mail address. Correct it in the HR system.
rules-row-duplicate-email =
    Another person has the same work e-mail. Give each person their own in the HR system.
rules-row-duplicate-key =
    Two people have the same unique key. Ask the HR system's support to correct one.
rules-row-invalid-start-date = The start date is not a date. Correct it in the HR system.
rules-row-invalid-leaving-date = The leaving date is not a date. Correct it in the HR system.
rules-row-listed-twice =
    The HR system lists this person more than once, with different details. Only one of the records
    is used. Correct or delete the others in the HR system.
rules-row-unreadable-record =
    This record cannot be read, so nothing of it is applied. Correct line breaks, unusual characters
    or very large pictures in the HR system and save the record again.
rules-row-damaged-text =
    A text of this record arrived damaged. The account keeps what it had before. Correct the text in
    the HR system and save the record again.
rules-row-unknown-status =
    The employment status is not one that we know, so the dates decide. Correct the status in the HR
    system, or enter a leaving date if the person left.
# $status is the HR system's own word.
rules-row-unknown-status-word =
    The employment status “{ $status }” is not one that we know, so the dates decide. Correct the
    status in the HR system, or enter a leaving date if the person left.
rules-row-leaving-before-start =
    The leaving date is before the start date, so it is ignored and the person keeps access. Correct
    or delete it in the HR system.
rules-row-absence-unconfirmed =
    The HR system's list does not name this person any more, but it gives no clear answer about
    them. They keep access until it does. Correct the record in the HR system, or mark the person as
    a leaver there, if they left.
rules-row-start-date-ahead =
    The start date is in the future, but this person already has access and keeps it. Correct the
    start date in the HR system if it is wrong.
# In place of a name, when a record cannot be read: which of the list it is.
rules-row-of-nobody = Record { $place } of the list

## Why a change waits for an admin's decision

rules-hold-still-gathered =
    This list is not complete yet; it can be decided about when the sync that makes it has come to
    its end. Nobody on it loses access meanwhile.
rules-hold-deactivations =
    Unusually many people would lose access within an hour. Nobody on this list loses it before an
    admin decides.
rules-hold-other-company =
    Almost nobody whom this key reads is known here, so it may belong to another company. Nothing is
    changed before you decide.
rules-hold-reused-number =
    A record has the employee number of somebody you know, and another name and e-mail. Does this
    number belong to somebody else now?
rules-hold-email-change = Another account already has the new e-mail.
rules-hold-account-taken =
    The account with this e-mail belongs to another person who is still employed.
rules-hold-account-protected =
    The account with this e-mail is protected and is never taken over by itself.
rules-hold-duplicate-email = Two people in the HR system have the same work e-mail.
rules-hold-address-given-to-another =
    This e-mail belonged to a person who has left and has a different name.

## What is wrong with a TLS certificate: clauses that follow "is not accepted: "

rules-certificate-expired = it has expired
rules-certificate-not-valid-yet = it is not valid yet
rules-certificate-other-name = it is for another name
rules-certificate-unknown-issuer = its issuer is not known
rules-certificate-revoked = it was revoked
rules-certificate-not-verified = it cannot be verified

## Why a sync ended without having brought everything up to date

rules-run-new-key = This sync gave way: a new key was entered, and a sync with it follows.
rules-run-disabled = This sync was ended: the directory was disabled.
rules-run-not-set-up = This sync was ended: the directory is not set up.
