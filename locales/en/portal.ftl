# portal

## On every page

# What these pages are called: where an HR system is connected with the application.
portal-title = HR connection
portal-overview = Overview
portal-changes = Changes
portal-actions = Who did what
portal-notices = Notices
portal-back-to-application = Back to the application
portal-to-overview = Go to the overview
portal-none-yet = None yet.
portal-open-page = Open the page
# The number of the request stands behind it.
portal-request-number = If you ask for help, give this number:
portal-comma = { $before }, { $after }

## Heads of tables

portal-head-when = When
portal-head-account = Account
portal-head-what = What
portal-head-why = Why
portal-head-by = By
portal-head-result = Result
portal-head-people = People
portal-head-changed = Changed
portal-head-created = Created
portal-head-linked = Linked
# How many people left the company.
portal-head-left = Left
portal-head-to-correct = To correct
# How many changes wait for a decision.
portal-head-held = Held
portal-head-department = Department
portal-head-name = Name
portal-head-email = E-mail
# The employee number.
portal-head-number = Number
portal-head-employee-number = Employee number
portal-head-job = Job
portal-head-employed = Employed
portal-head-kind = Kind
portal-head-to-do = What to do
portal-head-since = Since

## What a button says while one waits

portal-busy-starting = Starting…
portal-busy-checking = Checking…
portal-busy-reading = Reading everybody…
portal-busy-disabling = Disabling…

## The first page

portal-overview-heading = Your HR system
portal-overview-lead =
    When somebody starts, moves or leaves, your HR system knows first. Connect it here, and the user
    accounts of { $organization } follow by themselves.
portal-overview-none =
    No HR system can be connected yet. Ask the people who run the application to switch it on for
    you.
portal-about-at-once = Changes arrive within a second.
portal-about-every-half-hour = Changes arrive every half hour.
portal-connect = Connect { $hr }
# The name of the HR system in the next four is only for the ear; the eye sees it above.
portal-card-setup = Go on with the set-up of { $hr }
portal-card-repair = Repair { $hr }
portal-card-decide = Decide { $hr }
portal-card-open = Open { $hr }
portal-earlier = Earlier connections
# $when is "today at 14:05" or the like.
portal-disabled-when = disabled { $when }
portal-twins = Accounts with one address
portal-twins-lead =
    Two accounts have the same e-mail address, spelt in two ways. What the HR system says goes to
    the second one named here. Ask the people who run the application to delete the first, or to
    give it an address of its own.
# Stands behind the first address.
portal-twins-other = and { $email }

## People who are told of failures

portal-admins = Who is told when something is wrong
portal-admins-none =
    Nobody yet. Name at least one person; without one a set-up cannot be completed.
portal-admin-add = Add a person
portal-admin-name = Name
portal-admin-email = Work e-mail
portal-admin-what = This person gets our messages and can open this page.
portal-admin-add-button = Add
portal-admin-there = This person is on the list already.
portal-admin-no-name = Enter the person's name, not longer than 500 characters.
portal-no-email = This is not an e-mail address. It looks like name@company.com.

## How a connection is

portal-health-setup = Set-up is not finished
portal-health-setup-means = Nothing is brought up to date yet.
portal-health-first = First sync
portal-health-first-means = Everybody is read for the first time.
portal-health-first-unfinished = First sync not finished
portal-health-good = Everything works
portal-health-good-means = Changes in { $hr } reach the accounts by themselves.
portal-health-good-correct =
    { $count ->
        [one] 1 record has to be corrected in { $hr }.
       *[other] { $count } records have to be corrected in { $hr }.
    }
portal-health-good-check =
    { $count ->
        [one] 1 record has to be checked in { $hr }.
       *[other] { $count } records have to be checked in { $hr }.
    }
portal-health-decide = Please decide
portal-health-decide-means =
    { $count ->
        [one] 1 decision waits for you.
       *[other] { $count } decisions wait for you.
    }
portal-health-quiet = Quiet for too long
portal-health-quiet-means = Nothing has come from { $hr } for longer than usual.
portal-health-again = Trying again
portal-health-bad = Does not work
portal-health-bad-means = Changes do not arrive at the moment.
# $what is one of the sentences below.
portal-health-bad-because = { $what } Nobody loses access because of this.
portal-health-disabled = Disabled
portal-health-disabled-means = All accounts are as they were then.

## What is wrong with a connection

portal-trouble-credential = { $hr } no longer accepts the key.
portal-trouble-other-company = The key may read another company. Please decide.
portal-trouble-permission = The key lacks a permission in { $hr }.
portal-trouble-named-permission = { $hr } refuses the permission “{ $permission }”.
portal-trouble-throttled = { $hr } asks us to slow down; we go on by ourselves.
portal-trouble-suspended = { $hr } says that your company's account is not active.
portal-trouble-down = { $hr } does not answer properly; we keep trying.
# $fault is "it has expired" or the like.
portal-trouble-certificate =
    The TLS certificate of { $hr } is not accepted: { $fault }. The people who run this service have
    to look at it.
portal-trouble-malformed = { $hr } sent an answer that we cannot read in full.
# $records is "1 record has" or "3 records have".
portal-trouble-records =
    { $records } to be corrected in { $hr }; until then nothing is updated.
portal-trouble-internal = There is a fault on our side; we keep trying.

## The page of a connection

portal-continue = Continue in the application
portal-repair-how = How to repair it
portal-live-last = Last brought up to date { $when }.
portal-live-never = Not brought up to date yet.
portal-progress-queued = The full sync begins in a moment.
portal-progress-reading = Reading everybody from { $hr }.
portal-progress-updating =
    { $count ->
        [one] Bringing 1 person up to date.
       *[other] Bringing { $count } people up to date.
    }
portal-glance = At a glance
portal-employed = { $active } employed
# The others have left or have not started.
portal-employed-and-others = { $active } employed, { $inactive } not or not yet
portal-next-sync = Next full sync
portal-next-sync-none = not planned
portal-sync-now = Sync now
portal-holds = Waiting for your decision
# Stands behind the sentence that says what waits.
portal-hold-since = Since { $when }.
portal-webhook = Webhook URL
portal-webhook-where =
    It belongs in the field Webhook URL under HR Admin → Settings → API. Treat it like a password.
portal-copy = Copy
portal-copied = Copied
portal-disable-link = Disable this connection

## What was done just now

portal-done-key = The new key works and is stored. Everything is brought up to date now.
portal-done-complete = The set-up is complete. Everybody is read for the first time now.
portal-done-sync = A full sync begins now.
portal-done-decided = Your decision is taken. It is carried out now.
portal-done-disabled = The connection is disabled. The key was deleted.

## A connection that has ended

portal-ended-when =
    This connection was disabled { $when }. All accounts are as they were then.
portal-ended-again =
    To connect { $hr } again, start a new set-up on the overview. Everybody gets their account back.
portal-ended-runs = Full syncs of this connection

## The latest changes, each with the person's name in front

portal-feed = Latest changes
portal-feed-none = None yet. What changes in { $hr } is shown here by itself.
portal-feed-account = { $who } got an account
portal-feed-waits = { $who } has an account that waits for the first day
# $why is a sentence, such as "The person's last day is over."
portal-feed-access = { $who } has access. { $why }
portal-feed-no-access = { $who } has no access any more. { $why }
portal-feed-other = { $who } { $why }
# $fields is "department, e-mail" or the like.
portal-feed-fields = { $who } changed: { $fields }
portal-feed-email = { $who } has another e-mail
portal-feed-first-name = { $who } has a new first name
portal-feed-last-name = { $who } has a new last name
portal-feed-department = { $who } has a new department
portal-feed-job = { $who } has a new job
portal-feed-office = { $who } has another office location
portal-feed-manager = { $who } has a new manager
portal-feed-first-day = { $who } has a new first day
portal-feed-last-day = { $who } has a new last day
portal-feed-access-field = { $who } has another access
portal-feed-protection = { $who } has a new protection
portal-deleted-account = A deleted account

## Changes

portal-changes-lead =
    Every change of an account, what set it off, and what was there before. The newest is first.
portal-changes-more = { $count } more
# $field is one of the words below.
portal-change-new = { $field }: { $to }
portal-change-gone = { $field }: { $from }, now none
portal-change-other = { $field }: { $from } → { $to }
portal-change-manager = manager changed
portal-field-email = e-mail
portal-field-first-name = first name
portal-field-last-name = last name
portal-field-department = department
portal-field-job = job
portal-field-office = office location
portal-field-manager = manager
portal-field-first-day = first day
portal-field-last-day = last day
portal-field-access = access
portal-field-protection = protection
portal-value-yes = yes
portal-value-no = no
# These say who or what set a change off.
portal-by-hook = a message from the HR system
portal-by-run = a full sync
portal-by-clock = the calendar
portal-by-decision = a decision of { $who }
portal-by-decision-unknown = a decision of an admin
portal-by-application = the application
portal-by-admin-unknown = an admin

## Who did what

portal-actions-lead =
    Every step of a set-up, every key, every decision, and who took it. The newest is first. What
    changed in the accounts is under { $changes }.
portal-actions-none = Nothing yet.
portal-actions-all = Everything that was done

## Notices

portal-notices-lead = What we have told you. The newest is first.
portal-notices-lead-no-mail =
    What we have told you here. Messages are not sent by mail, because no mail server is set up. The
    newest is first.
portal-notices-none = None yet. That is good news.
# $addresses is one e-mail address or more, with commas.
portal-notice-sent = Sent to { $addresses }.
portal-notice-on-its-way = On its way to { $addresses }.
portal-notice-undelivered = Could not be delivered to { $addresses }.

## People and departments

portal-people = People
portal-people-in = People in { $department }
portal-people-find-what = Name, e-mail or employee number
portal-people-find = Find
portal-people-everybody = Show everybody
portal-people-none = Nobody yet.
portal-people-not-found =
    Nobody is found. Try the beginning of the first or the last name, of the e-mail or of the
    employee number. Fewer letters find more.
# $everybody is a link with the words below it.
portal-people-not-found-in =
    Nobody is found in this department. Try the beginning of the first or the last name, of the
    e-mail or of the employee number, or look among { $everybody }. Fewer letters find more.
portal-people-not-found-everybody = everybody
# Whether somebody is employed.
portal-employed-yes = yes
portal-employed-no = no
portal-employed-not-yet = not yet
portal-groups = Departments

## Full syncs

portal-runs = Full syncs
portal-runs-lead =
    A full sync reads everybody and brings the accounts up to date. Single changes arrive in between
    and are not listed here.
portal-runs-none-finished = None is finished yet.
portal-runs-latest = The latest full syncs
portal-runs-all = All full syncs
# Why a full sync ran.
portal-trigger-setup = Set-up
portal-trigger-key = New key
portal-trigger-regular = Regular
portal-trigger-manual = Asked for
portal-trigger-burst = Many changes at once
# How a full sync ended or is going.
portal-outcome-queued = Waits
portal-outcome-running = Under way
portal-outcome-done = Done
portal-outcome-gave-way = Gave way
portal-outcome-failed = Failed
portal-chart =
    The latest { $runs } full syncs: { $changes ->
        [one] 1 change
       *[other] { $changes } changes
    }, { $failed ->
        [0] none failed
       *[other] { $failed } failed
    }.
# The bars of the chart, one for each full sync.
portal-bar-failed = { $when }: failed
portal-bar-nothing = { $when }: nothing changed
portal-bar-changed =
    { $count ->
        [one] { $when }: 1 person changed
       *[other] { $when }: { $count } people changed
    }

## Records to correct or to check

portal-to-correct = To correct
portal-to-check = To check
portal-to-correct-in = To correct in { $hr }
portal-to-check-in = To check in { $hr }
portal-problems-list = Records to correct or to check
portal-problems-all = All records to correct
portal-problems-download = Download as CSV
portal-problems-none = Nothing. Every record is in order.
portal-problems-to-correct =
    { $count ->
        [one] 1 record has to be corrected. Everybody else is up to date.
       *[other] { $count } records have to be corrected. Everybody else is up to date.
    }
portal-problems-to-correct-strict =
    { $count ->
        [one]
            1 record has to be corrected. This connection is set so that nothing is updated before.
       *[other]
            { $count } records have to be corrected. This connection is set so that nothing is
            updated before.
    }
portal-problems-to-check =
    { $count ->
        [one]
            1 record has something odd, but everything in them is applied. Please check them.
       *[other]
            { $count } records have something odd, but everything in them is applied. Please check
            them.
    }
portal-problems-then =
    As soon as a record is corrected there, that person follows by themselves; you need not do
    anything here.
portal-nameless = Without a name

## A decision

portal-hold-link = Is this the same person?
portal-hold-email = May this e-mail change?
portal-hold-deactivations =
    { $count ->
        [one] May 1 person lose access?
       *[other] May { $count } people lose access?
    }
portal-hold-other-company = Does this key belong to your company?
portal-hold-reused-number = Does this number belong to somebody else now?
portal-hold-link-about = The person and the account
portal-hold-link-yes = Yes, link them
portal-hold-link-after =
    If you approve, the account follows this person from now on. If you reject, it stays as it is,
    and you are asked again when the record changes.
portal-hold-email-about = The person and the e-mail
portal-hold-email-yes = Yes, change it
portal-hold-email-after =
    If you reject, the e-mail stays as it is, and you are asked again when the record changes.
portal-hold-deactivations-about = Who would lose access
portal-hold-deactivations-yes = Approve all
portal-hold-deactivations-yes-one = Approve
portal-hold-deactivations-after =
    Whom you approve loses access. Whom you leave out keeps access, and you are asked again. If you
    reject, everybody on this list keeps access until HR changes their status or leaving date;
    correct their records in the HR system. You can change your decision here later.
portal-hold-other-company-about = The key that was entered
portal-hold-other-company-yes = Yes, it is our company
portal-hold-other-company-after =
    If you approve, the next sync goes on with this key. If you reject, nothing is updated until
    another key is entered.
portal-hold-reused-number-about = The person before and now
portal-hold-reused-number-yes = It is the same person
portal-hold-reused-number-after =
    If you approve, the account follows the record. If you reject, the number belongs to somebody
    new: the former person's access ends now.
portal-hold-all = All of them
portal-hold-approve-ticked = Approve those ticked
portal-hold-reject = Reject
portal-hold-otherwise = You can decide otherwise about the people whom you tick.
portal-hold-approve-after-all = Approve after all
portal-hold-reject-after-all = Reject after all

## What is decided about: a line for each person, behind the name

portal-item-last-day = { $account }: last day { $day }
# $reason is "their last day is over" or the like.
portal-item-because = { $account }: { $reason }
portal-item-email = { $from } → { $to }
portal-item-person = { $email } in the HR system
portal-item-person-and-account = { $email } in the HR system, account { $account }
portal-item-people =
    { $strangers ->
        [one] { $found } of { $known } people whom we know were found, and 1 new one.
       *[other] { $found } of { $known } people whom we know were found, and { $strangers } new ones.
    }
# Each side is "Ann Lee, ann@company.com, since 2020-03-02" or the like.
portal-item-before-and-now = { $before } → { $now }
portal-item-since = since { $day }
# $decision is one of the words below.
portal-item-decided = { $change } ({ $decision })
portal-item-approved = approved
portal-item-rejected = rejected
portal-item-keeps-access = keeps access

## A decision that was taken

portal-hold-approved = Approved
portal-hold-partly-approved = Partly approved
portal-hold-rejected = Rejected
portal-hold-superseded = No longer needed
portal-hold-superseded-why = The HR system or the accounts changed meanwhile.
portal-hold-decided = By { $who }, { $when }.

## Why a decision is not taken

portal-decide-nobody = Tick at least one person, or approve all.
portal-decide-changed =
    The list has changed since you opened it. Please look at it again.
portal-decide-not-complete =
    The list is not complete yet. Please look at it again when the sync has ended.
portal-decide-closed = This was decided already.
portal-decide-email-taken =
    Another account still has this e-mail. Ask the people who run the application to change it there
    first.

## The key

portal-key = Key
portal-key-update = Update API key
portal-key-old-stays =
    The new key is checked first. The old one stays in use until the new one works.
portal-key-where = Where is the key in { $hr }?
portal-key-check-again = Check again
portal-key-another = Enter another key
portal-key-api = API key of { $hr }
portal-key-text = The whole text of the downloaded file
portal-key-both = Or enter both keys one by one
portal-key-access = Access key
portal-key-secret = Secret access key
portal-key-encrypted =
    The key is checked first and then kept encrypted. Nobody can see it here again.
portal-key-replace = Check and replace
portal-key-store = Check and store
# Which key it is follows.
portal-key-stored = Stored:
# $last are the last four characters of a key.
portal-key-last = …{ $last }
portal-key-some = a key
# $key is one of the two above.
portal-key-checked = { $key }, checked { $when }
portal-key-lacks =
    The key lacks the permission “{ $permission }”. It works without. { $without }
portal-key-none = Paste the key first.
portal-key-no-text = Paste the text of the downloaded file first.
portal-key-half = Enter both keys: the access key and the secret access key.
portal-key-too-much = Paste the whole text, or enter both keys, but not all of it.

## A key that waits for permissions

# $key is "…1234" or "a key".
portal-waiting = The key { $key } waits for permissions.
# $permissions is a list of names in quotes.
portal-waiting-steps =
    In { $hr } open Administration → Basics → Integrations → HR WORKS-API, select this key pair,
    tick { $permissions } in the list of permissions at the bottom of the page, and save. Then press
    “Check again”. You need not paste it once more.
portal-waiting-until = It is deleted { $when } if the permissions are not there by then.
portal-waiting-permission = “{ $permission }”
portal-waiting-and = { $before } and { $after }

## What the check of a key found

portal-check-waits =
    The key is right, and is kept. It is used as soon as it has the permissions that are missing.
portal-check-missing =
    A permission is missing, so the key was not stored. Add it, then enter the key once more.
portal-check-refused = { $hr } does not accept this key. It was not stored.
portal-check-works = The key works.
portal-check-useful =
    The key works and is stored. It lacks a permission that is useful; what that means is said
    below.
portal-check-partly = The key is stored, but not everything could be checked.
# Stands behind one of the three above.
portal-check-company = { $sentence } It belongs to { $company }.
# The result for each permission, for the ear.
portal-check-granted = Granted
portal-check-lacking = Missing
portal-check-lacking-optional = Missing, optional
portal-check-not-determined = Not determined
# Stands behind the name of a permission.
portal-permission-for = for { $purpose }
# $without is a sentence that says what is lost.
portal-permission-useful = (useful, not necessary. { $without })

## The set-up

portal-wizard-lead =
    { $steps ->
        [4]
            Four steps, about ten minutes. Nothing changes in the application before the last one,
            and nothing is ever written to { $hr }.
       *[other]
            Five steps, about ten minutes. Nothing changes in the application before the last one,
            and nothing is ever written to { $hr }.
    }
portal-wizard-stay = Stay on that page for step 3: it has a field named Webhook URL.
portal-wizard-permissions = What the key has to be allowed, and why
portal-wizard-enter = Enter the key here
portal-wizard-enter-pair = Enter the key pair here
portal-wizard-webhook = Tell { $hr } where to send changes
portal-wizard-copy = Copy this address.
portal-wizard-paste =
    In { $hr }, on the same page HR Admin → Settings → API, paste it in the field Webhook URL.
portal-wizard-save = Save.
portal-wizard-webhook-why =
    Treat the address like a password. With it changes arrive within a second; without it they
    arrive every half hour.
portal-wizard-wait-key = First enter the key above.
portal-wizard-wait-permissions =
    This goes on as soon as the key may read people: tick what is missing, then check again.
portal-complete = Complete the set-up
portal-complete-no-admin =
    Somebody has to hear of it when something goes wrong. Add at least one person.
portal-complete-lead =
    The accounts are brought up to date for the first time. From then on changes in { $hr } arrive
    by themselves.
portal-complete-button = Complete set-up
portal-cancel-link = Cancel this set-up

## The preview

portal-preview = Look at what will happen
portal-preview-lead = The preview reads everybody once and changes nothing.
portal-preview-show = Show the preview
portal-preview-again = Look again
portal-preview-nobody = Nobody was found.
portal-preview-people =
    { $count ->
        [one] 1 person in the HR system.
       *[other] { $count } people in the HR system.
    }
# How many more there are than those who are named.
portal-preview-more = … and { $count } more.
# These stand above lists of people, with what it means below.
portal-preview-linked = Get the account they have
portal-preview-linked-means = Their e-mail is that of an account.
portal-preview-created = Get a new account
portal-preview-created-means = Nobody has their e-mail yet.
portal-preview-ambiguous = Need your decision
portal-preview-ambiguous-means = Where it would be a guess, you are asked.
portal-preview-to-correct = To correct in the HR system
portal-preview-to-correct-means =
    These people wait until their record is corrected; everybody else does not.
portal-preview-to-check = To check in the HR system
portal-preview-to-check-means = Something is odd; their records are applied all the same.
portal-preview-deactivated = Lose access
portal-preview-held = Would lose access, if you approve
portal-preview-held-means = They are unusually many, so you are asked first.
portal-preview-not-in-hr = Accounts of nobody in the HR system
portal-preview-not-in-hr-means = They stay as they are.
# Why somebody would lose access.
portal-because-leaving-date = their last day is over
portal-because-not-current = not in the list of current staff
portal-because-former = marked as having left
portal-because-not-in-hr = not in the HR system any more

## Ending a connection or a set-up

portal-disable-question = Disable { $hr }?
portal-cancel-question = Cancel the set-up of { $hr }?
# The title of the page.
portal-disable-title = Disable { $hr }
portal-disable-accounts-stay = All accounts stay exactly as they are.
portal-disable-nobody-loses = Nobody loses or gains access by this.
portal-disable-no-changes =
    From now on changes in { $hr } do not arrive any more. Whoever leaves keeps their account until
    somebody removes it by hand.
portal-disable-key = The key is deleted here. Remove it in { $hr } too.
portal-disable-key-and-webhook =
    The key is deleted here and the webhook URL stops working. Remove both in { $hr } too.
portal-disable-decisions = Decisions that wait are dropped.
portal-disable-final =
    This cannot be undone. To connect again, the set-up starts from the beginning.
portal-disable-final-webhook =
    This cannot be undone. To connect again, the set-up starts from the beginning, with a new
    webhook URL.
portal-disable-sure = I have read this and want to disable the connection.
portal-cancel-sure = I have read this and want to cancel the set-up.
portal-disable = Disable
portal-cancel = Cancel the set-up
portal-disable-keep = Keep it
portal-disable-tick = Tick the box first.

## The way in and out

portal-enter-title = Open the HR connection
portal-enter-heading = HR connection of { $organization }
portal-enter-lead =
    On the next page you connect your HR system, see how it is going, and repair the connection when
    something is wrong with it.
portal-enter-once = This link works once. Close the page with “Sign out” when you are done.
portal-link-ended = This link does not work any more
portal-link-ended-why =
    Each link works once and for a short time. This one was used, or it is too old.
portal-link-ended-again =
    Open the HR connection again from the application that you use. If a message from us brought you
    here, open the link in that message; it leads to a new one.
portal-link-ended-go-on = Go on where you were
portal-left = You are signed out
portal-left-back = To come back, open the HR connection from the application that you use.
portal-sign-in = Sign in to the HR connection
portal-sign-in-lead =
    For your safety this page opens only with a link that we send you. Enter the e-mail address at
    which you get our messages.
portal-sign-in-email = Your work e-mail
portal-sign-in-send = Send me the link
portal-sign-in-or =
    Or open the application that you use, go to its integration settings and open the HR connection
    from there.
portal-sign-in-application =
    Open the application that you use, go to its integration settings, and open the HR connection
    from there.
portal-sign-in-nothing-lost =
    Nothing is lost meanwhile: nobody loses access, and changes in HR wait until the connection is
    repaired.
portal-mailbox = Look into your mailbox
portal-mailbox-sent =
    If this address belongs to somebody who looks after this connection, a message with a link is on
    its way. It works once and for half an hour.
portal-mailbox-nothing =
    Nothing there after a few minutes? Look into the folder for unwanted mail, or open the HR
    connection from the application that you use.

## What went wrong: a heading each, and what to do

portal-problem-back = Back to the connection
portal-problem-wait = Please wait a moment
portal-problem-wait-do =
    { $seconds ->
        [one]
            The HR system answers only so many questions in a minute, and they are used up. Try
            again in 1 second.
       *[other]
            The HR system answers only so many questions in a minute, and they are used up. Try
            again in { $seconds } seconds.
    }
portal-problem-provider = The HR system could not be asked
# $reason is a sentence.
portal-problem-provider-do = { $reason } Try again later.
portal-problem-not-possible = That is not possible
portal-problem-foreign = Please do that again
portal-problem-foreign-do =
    This form was not sent from the page as it is now, so nothing was changed. Open the page again
    and repeat what you did.
portal-problem-no-page = This page does not exist
portal-problem-no-page-do = It may have been removed, or the address was not copied whole.
portal-problem-not-allowed = This HR system is not switched on for you
portal-problem-not-allowed-do = Ask the people who run the application to switch it on.
portal-problem-connected = This HR system is connected already
portal-problem-connected-do =
    Open it on the overview. To connect it anew, disable it there first.
portal-problem-disabled = This connection was disabled
portal-problem-disabled-do =
    A disabled connection stays disabled. Start a new set-up on the overview.
portal-problem-no-key = The key is missing
portal-problem-no-key-do = Enter the key of the HR system first, then go on.
portal-problem-no-admin = Nobody would hear of a failure
portal-problem-no-admin-do =
    Name at least one person who is told when something goes wrong, then go on.
portal-problem-running = A full sync is under way already
portal-problem-running-do =
    You need not do anything. Its end brings everything up to date.
portal-problem-too-large = That is too much at once
portal-problem-too-large-do = Send less in one go.
portal-problem-too-slow = That did not arrive in time
portal-problem-too-slow-do = Nothing was changed. Open the page again and repeat what you did.
portal-problem-unavailable = Not possible at the moment
portal-problem-unavailable-do = Too much is waiting. Try again in a minute.
portal-problem-database-do =
    These pages cannot reach their data. It is safe, and we have been told. Try again in a few
    minutes.
portal-problem-internal = Something went wrong on our side
portal-problem-internal-do =
    Nothing was changed by halves. Try again. If it happens again, tell the people who run this
    service for you.
portal-problem-refused = The HR system refuses the key
portal-problem-refused-do =
    Nothing was changed. Open the page again; it says which steps are missing.
portal-problem-other = That did not work
portal-problem-other-do =
    What was sent cannot be understood, so nothing was changed. Open the page again and repeat what
    you did.
