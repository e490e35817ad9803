## Around every page

operator-title = { $title } · Rollcall operator
operator-skip = Skip to the content
operator-brand = Rollcall
# $name is what the API key is called that opened the visit.
operator-key = operator · key { $name }
operator-main = Main
operator-overview = Overview
operator-organizations = Organizations
operator-directories = Directories
operator-endpoints = Endpoints
operator-sign-out = Sign out
operator-all-times-utc = All times are UTC.

## Words of lists

operator-show = Show
operator-show-all = Show all
operator-id = Id
operator-external-id = External id
operator-state = State
operator-when = When
operator-health = Health
operator-people = People
operator-accounts = Accounts
operator-admins = Admins
operator-decisions = Decisions
operator-to-correct = To correct
operator-waiting = Waiting
operator-oldest = Oldest
operator-given-up = Given up
operator-last-success = Last success
operator-fails-since = Fails since
operator-at-a-glance = At a glance
operator-never = never
operator-none = None.
operator-none-yet = None yet.
operator-more = These are the latest; there are more.
# One after the other: "1 sent, 2 waiting". $before is the list so far.
operator-list = { $before }, { $next }

## How long something takes or lasts. These are put into sentences as $for, $every, $gone, $next or
## $old.

operator-seconds = { $count ->
    [one] { $shown } second
   *[other] { $shown } seconds
}
operator-minutes = { $count ->
    [one] { $shown } minute
   *[other] { $shown } minutes
}
operator-hours = { $count ->
    [one] { $shown } hour
   *[other] { $shown } hours
}
operator-days = { $count ->
    [one] { $shown } day
   *[other] { $shown } days
}
operator-under-a-minute = less than a minute

## The way in and out

operator-sign-in-title = Sign in to the operator's pages
operator-signed-out = You are signed out.
operator-sign-in-about = For the people who run Rollcall. An API key opens a visit of half a day at
    most, which ends after half an hour without use, and at once when the key is revoked.
operator-api-key = API key
operator-sign-in = Sign in
operator-checking = Checking…
operator-new-key = A new key: { $command } on the machine with the database.
# A command; only NAME can be another word.
operator-new-key-command = rollcall keys create --name NAME
operator-wrong-key = This key is not valid. It may have been revoked, or was not copied whole.
operator-wrong-keys = This key is not valid, nor were many others from here. Wait a minute before
    you try another one.

## When a page cannot be shown

operator-foreign-form-title = Please do that again
operator-foreign-form = This form was not sent from the page as it is now, so nothing was changed.
    Open the page again and repeat what you did.
operator-no-page-title = This page does not exist
operator-no-page = What it was about may have been deleted, or the address was not copied whole.
operator-fault-title = Something went wrong on our side
operator-fault = The log says what, under the number below. Nothing was changed by halves.
operator-unavailable-title = Not possible at the moment
operator-unavailable = The database does not answer, or too much is waiting for it. The log says
    which. Try again in a minute.
operator-conflict-title = That is not possible
operator-first-page = Go to the first page
operator-request-number = Number of this request: { $number }

## The first page: how everything is

operator-overview-title = What needs a look
operator-all-bad = Something is wrong
operator-all-warn = Nothing is broken; worth a look
operator-all-good = All is well
# $titles is a list of what needs a look: "1 directory fails, 2 mails were given up today".
operator-all-listed = { $titles }.
operator-nothing-connected = No directory is connected yet, and nothing waits.
operator-in-step-count = { $count ->
    [one] { $shown } directory is in step, and nothing waits too long.
   *[other] { $shown } directories are in step, and nothing waits too long.
}

## The first page: what needs a look

operator-directories-fail = { $count ->
    [one] { $shown } directory fails
   *[other] { $shown } directories fail
}
operator-directories-fail-means = Changes in the HR system do not arrive. Nobody loses access
    because of it.
operator-directories-silent = { $count ->
    [one] { $shown } directory is silent
   *[other] { $shown } directories are silent
}
operator-directories-silent-means = No sync has succeeded for three intervals, and none has failed
    either. Look at its runs and into the log.
operator-directories-trying = { $count ->
    [one] { $shown } directory is tried again
   *[other] { $shown } directories are tried again
}
operator-directories-trying-means = A sync went wrong. It is repeated before anybody is told.
operator-endpoints-disabled = { $count ->
    [one] { $shown } endpoint is disabled
   *[other] { $shown } endpoints are disabled
}
operator-endpoints-disabled-means = The application is not told of changes there. Mend the
    receiver, enable the endpoint, then replay what was given up.
operator-endpoints-fail = { $count ->
    [one] { $shown } endpoint fails
   *[other] { $shown } endpoints fail
}
operator-endpoints-fail-means = The application does not take what it is sent. It is tried again
    for three days.
operator-mails-given-up = { $count ->
    [one] { $shown } mail was given up today
   *[other] { $shown } mails were given up today
}
operator-mails-given-up-means = Admins were not told by mail of what happened. It is in their
    portal and in the events. Look at the mail server and the settings smtp.url and smtp.from.
operator-mails-refused = { $count ->
    [one] { $shown } mail does not go out
   *[other] { $shown } mails do not go out
}
operator-mails-refused-means = The mail server has not taken them. They are tried again for three
    days.
operator-oldest-mail = The oldest is { $old } old.
operator-mail-reason = One reason: { $reason }.
operator-deliveries-given-up = { $count ->
    [one] { $shown } delivery was given up today
   *[other] { $shown } deliveries were given up today
}
operator-deliveries-given-up-means = The application was not told of these changes. Mend the
    receiver, then replay them on the endpoint's page.
operator-stuck = Work stands still
operator-stuck-means = Nothing should wait that long. Look whether a server runs and reaches the
    database, and into the log for what fails.
operator-stuck-hints = { $count ->
    [one] { $shown } webhook waits to be looked at; the oldest for { $for }.
   *[other] { $shown } webhooks wait to be looked at; the oldest for { $for }.
}
operator-stuck-syncs = { $count ->
    [one] { $shown } full sync waits; the oldest for { $for }.
   *[other] { $shown } full syncs wait; the oldest for { $for }.
}
operator-stuck-dates = { $count ->
    [one] { $shown } person waits whose date has come; the oldest for { $for }.
   *[other] { $shown } people wait whose date has come; the oldest for { $for }.
}
operator-decisions-wait = { $count ->
    [one] { $shown } decision waits for a customer
   *[other] { $shown } decisions wait for a customer
}
operator-decisions-wait-means = The customers' admins were told. What they do not approve is not
    done.
operator-oldest-decision = The oldest waits for { $for }.

## The first page: what waits, and the facts

operator-what-waits = What waits
operator-queue = Queue
operator-queue-means = What it is
operator-queue-hints = Webhooks in
operator-queue-hints-means = People to look at; done within seconds.
operator-queue-parked = Webhooks in, parked
operator-queue-parked-means = Wait until their failing directory recovers.
operator-queue-queued = Full syncs, waiting
operator-queue-queued-means = Wait for a worker, for calls, or for the next try.
operator-queue-running = Full syncs, under way
operator-queue-running-means = Read an HR system or apply what was read.
operator-queue-dates = Dates
operator-queue-dates-means = People whose first or last day has come; done within seconds.
operator-queue-decisions-means = Holds that wait for a customer's admin.
operator-queue-mails = Mails, waiting
operator-queue-mails-means = Not taken by the mail server yet.
operator-queue-deliveries = Webhooks out, waiting
operator-queue-deliveries-means = Not taken by the application yet.
operator-directories-setup = Directories, setup
operator-directories-validating = Directories, validating
operator-directories-active = Directories, active
operator-directories-failing = Directories, failing
operator-directories-disabled = Directories, disabled
operator-version = Version
operator-database = Database
operator-sqlite = SQLite
operator-postgres = PostgreSQL
operator-started = This server started

## Organizations

operator-find-name = Part of the name
operator-find = Find
operator-none-named = None has this in its name.
operator-name = Name
# How the worst of an organization's directories is, in the column "Directories".
operator-worst-none = none
operator-worst-failing = { $count ->
    [one] { $count }, failing
   *[other] { $count }, the worst failing
}
operator-worst-silent = { $count ->
    [one] { $count }, silent
   *[other] { $count }, the worst silent
}
operator-worst-trying = { $count ->
    [one] { $count }, trying again
   *[other] { $count }, the worst trying again
}
operator-worst-in-step = { $count ->
    [one] { $count }, in step
   *[other] { $count }, the worst in step
}
operator-worst-in-set-up = { $count ->
    [one] { $count }, in set-up
   *[other] { $count }, the worst in set-up
}

## One organization

# $until is "in 5 minutes" or the like.
operator-link-made = This link opens the portal of { $name } once; it ends { $until } and is not
    shown again.
operator-copy = Copy
operator-copied = Copied
operator-time-zone = Time zone
operator-accounts-of-one-address = Accounts with one address
operator-two-accounts = { $one } and { $other }
operator-make-link = Make a link to the portal
operator-make-link-about = To see what the customer's admin sees, or to hand it to them.
operator-no-admins = None, so nobody is told of failures.
operator-told = What the admins were told
operator-told-nothing = Nothing yet.
operator-notice = Notice
operator-by-mail = By mail
# How many mails of a notice are how far, in the column "By mail".
operator-mail-none = none
operator-mail-sent = { $count } sent
operator-mail-waiting = { $count } waiting
operator-mail-given-up = { $count } given up

## Directories

operator-problem = What is wrong
operator-any-problem = anything or nothing
operator-any = any
operator-hr-system = HR system
operator-none-like-that = None is like that.
operator-directory = Directory
operator-next-sync = Next sync
# States and problems to choose from, in a filter.
operator-choice-setup = set-up
operator-choice-validating = first sync
operator-choice-active = in step
operator-choice-failing = failing
operator-choice-disabled = disabled
operator-choice-trying = trying again
operator-choice-silent = silent
operator-choice-holds = decisions wait
operator-choice-row-problems = records to correct

## How a directory is

operator-setup = Set-up
operator-setup-means = The customer has not completed the set-up.
operator-disabled = Disabled
operator-disabled-means = It was ended, and stays so.
operator-failing = Failing
operator-failing-means = The last sync failed.
operator-silent = Silent
operator-silent-means = { $count ->
    [one] No sync has succeeded for { $count } interval, and none has failed either.
   *[other] No sync has succeeded for { $count } intervals, and none has failed either.
}
operator-trying = Trying again
operator-first-sync = First sync
operator-first-sync-means = Everybody is read for the first time.
operator-in-step = In step
operator-in-step-means = A full sync is made every { $every }.
# $fault is what is wrong with the certificate.
operator-certificate-means = The HR system's TLS certificate is not accepted: { $fault }. Look at
    the address in the settings, at this machine's root certificates and clock, and at a proxy in
    between.
operator-credential-means = The HR system refuses the key. The customer's admins were told and have
    to enter a new one.
operator-permission-means = The key lacks a permission. The customer's admins were told and have to
    grant it in the HR system.
operator-throttled-means = The HR system asks for fewer calls. It goes on by itself; if it stays,
    lower calls_per_minute.
operator-suspended-means = The HR system says that the customer's account there is not active. The
    customer has to settle it with the vendor.
operator-provider-down-means = The HR system does not answer. It is asked again; look whether others
    of the same HR system fail too, and whether this machine reaches it.
operator-malformed-means = The HR system's answer could not be read, or records have to be corrected
    in a strict directory. If it stays, report it with the log.
operator-internal-means = A fault on our side. The log says which, under the id of the directory.
operator-does-not-sync = Does not sync.
operator-success-due = Last success { $gone } ago; a full sync is due every { $every }.
operator-success-late = Last success { $gone } ago; that is more than the interval of { $every }.
operator-success-later = { $count ->
    [one] Last success { $gone } ago; that is { $shown } interval of { $every }.
   *[other] Last success { $gone } ago; that is { $shown } intervals of { $every }.
}
operator-no-success-due = No success yet, for { $gone }; a full sync is due every { $every }.
operator-no-success-late = No success yet, for { $gone }; that is more than the interval of
    { $every }.
operator-no-success-later = { $count ->
    [one] No success yet, for { $gone }; that is { $shown } interval of { $every }.
   *[other] No success yet, for { $gone }; that is { $shown } intervals of { $every }.
}

## One directory

operator-directory-title = { $hr } of { $organization }
operator-sync-asked = A full sync is asked for.
operator-sync-now = Sync now
operator-starting = Starting…
operator-what-it-is = What it is
operator-organization = Organization
# The key with which the HR system is read.
operator-credential = Key
operator-credential-none = none
operator-credential-none-checked = none, checked { $when }
operator-credential-ends = ends with { $last }
operator-credential-ends-checked = ends with { $last }, checked { $when }
operator-full-sync-every = Full sync every
operator-problem-records = Records with problems
operator-problem-records-strict = stop a sync (strict)
operator-problem-records-left-out = are left out
operator-made = Made
operator-first-in-step = First in step
operator-not-yet = not yet
operator-went-wrong = What went wrong
operator-class = Class
operator-means = What it means
operator-detail = Detail
operator-since = Since
operator-tries = Tries in a row
operator-next-full-sync = Next full sync
operator-not-planned = not planned
operator-not-asked-before = Not asked before
operator-decisions-that-wait = Decisions that wait
operator-records-to-correct = Records to correct
operator-calls = Calls
operator-calls-made = { $calls } of { $most } in the last minute
operator-calls-made-shared = { $calls } of { $most } in the last minute; all directories of { $hr }
    together have { $shared }

## The full syncs of a directory

operator-runs = Latest full syncs
operator-run-why = Why
operator-run-took = Took
operator-run-seen = Seen
operator-run-changed = Changed
operator-run-left = Left
operator-run-held = Held
operator-run-queued = queued
operator-run-running = running
operator-run-succeeded = succeeded
operator-run-failed = failed
# $seconds has a decimal place.
operator-run-seconds = { $seconds } s
operator-run-so-far = { $for } so far

## Endpoints

operator-endpoints-about = Where the application is told of changes.
operator-no-endpoints = None yet. The application makes them by the API.
operator-address = Address
operator-endpoint-disabled-gone = It answered 410 “Gone”, so nothing is sent any more.
operator-endpoint-disabled-failing = It did nothing but fail for { $for }, so nothing is sent any
    more.
operator-endpoint-disabled-by-hand = Somebody disabled it by hand.
operator-endpoint-pausing = Pausing
operator-endpoint-pausing-means = { $count ->
    [one] { $shown } attempt failed in a row, for { $for }. The next is tried in { $next }.
   *[other] { $shown } attempts failed in a row, for { $for }. The next is tried in { $next }.
}
operator-endpoint-failing-means = { $count ->
    [one] { $shown } attempt failed since the last that succeeded, for { $for }.
   *[other] { $shown } attempts failed since the last that succeeded, for { $for }.
}
operator-endpoint-working = Working
operator-endpoint-working-means = It takes what it is sent.

## One endpoint

operator-endpoint = Endpoint
operator-events = Events
operator-events-default = all but those asked for by name
# $waiting is a number, $when "5 minutes ago" or the like.
operator-waiting-since = { $waiting }, the oldest since { $when }
operator-blocked = Of these behind an earlier one
operator-blocked-of = { $blocked } of the first { $seen }
operator-what-can-be-done = What can be done
operator-send-test = Send a test
operator-replay = Send again what was given up ({ $shown })
operator-replay-first = Send again what was given up (the first { $shown })
operator-writing = Writing…
operator-disable = Disable
operator-enable = Enable
operator-disable-about = When it is disabled, what waits for it is given up. It can be sent again
    afterwards.
operator-enable-about = It gets the events from then on. What was given up can be sent again
    afterwards.
operator-test-done = A test is sent; its outcome is in the list below.
operator-enable-done = The endpoint is enabled and gets the events from now on.
operator-disable-done = The endpoint is disabled; what waited for it was given up.
operator-replay-done = { $count ->
    [one] { $shown } event is sent again.
   *[other] { $shown } events are sent again.
}
operator-deliveries = Latest deliveries
operator-delivery = Delivery
operator-event = Event
operator-attempts = Attempts
operator-last-answer = Last answer
operator-next-try = Next try
operator-written = Written
operator-delivery-replayed = replayed
operator-delivery-test = test
# Which deliveries are listed, and how far one is.
operator-delivery-all = all
operator-delivery-waiting = waiting
operator-delivery-delivered = delivered
operator-delivery-dead = given up
operator-delivery-overtaken = overtaken
