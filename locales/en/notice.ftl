## Words that several messages share

# $month is one of the months below, $time is "14:05".
notice-moment = { $day } { $month } { $year }, { $time }
notice-january = January
notice-february = February
notice-march = March
notice-april = April
notice-may = May
notice-june = June
notice-july = July
notice-august = August
notice-september = September
notice-october = October
notice-november = November
notice-december = December
# Whose user accounts: stands inside a sentence as $owner.
notice-owner = { $organization } (directory "{ $directory }")
# The subject of every message; $what is one of the subjects below.
notice-subject = { $organization }: { $what }
notice-what-to-do = What to do:
notice-nothing-to-do = What to do: nothing.
# What a strict directory waits for, on its own: "3 records have".
notice-records = { $count ->
    [one] 1 record has
   *[other] { $count } records have
}
notice-tell-operator = Tell the people who run this service for you. Send them this message.
notice-keep-trying = You need not change anything in { $hr }. We keep trying.

## Changes no longer arrive

notice-failed = Since { $since }, changes in { $hr } no longer reach the user accounts of { $owner }.
notice-failed-waits =
    What it means: nobody loses access because of this. Changes in HR, such as new starters and
    leavers, wait. They are brought up to date as soon as updates work again.
notice-failed-waits-for-repair =
    What it means: nobody loses access because of this. Changes in HR, such as new starters and
    leavers, wait. They are brought up to date once this is repaired.
notice-failed-enter-key = Enter the new API key on this page:
notice-failed-what-next = This page says what to do next:
notice-failed-regularly = That is all. We try again regularly and tell you when it works.

## Changes no longer arrive: subjects

notice-failed-credential-subject = { $hr } no longer accepts the API key
notice-failed-permission-subject = a permission is missing in { $hr }
notice-failed-throttled-subject = { $hr } asks us to slow down
notice-failed-suspended-subject = your company's account at { $hr } is not active
notice-failed-down-subject = { $hr } does not answer
notice-failed-malformed-subject = { $hr } sends answers that we cannot read
notice-failed-internal-subject = a fault on our side stops updates from { $hr }

## Changes no longer arrive: what happened

notice-failed-credential =
    What happened: { $hr } no longer accepts the API key that you gave us. It was probably removed
    or replaced.
notice-failed-permission =
    What happened: { $hr } accepts our API key but refuses to show the employees.
notice-failed-permission-named =
    What happened: { $hr } accepts our API key but refuses the permission "{ $permission }". It was
    probably unticked.
notice-failed-throttled =
    What happened: { $hr } asks us to slow down. It answers only so many questions in a minute, and
    the limit has been used up for a while.
notice-failed-suspended =
    What happened: { $hr } says that your company's account there is suspended or has ended.
# $fault is a clause such as "it has expired".
notice-failed-certificate =
    What happened: we cannot be sure that it is { $hr } who answers. The certificate that it shows
    is not accepted: { $fault }.
notice-failed-down =
    What happened: { $hr } does not answer, or only reports a fault of its own.
notice-failed-malformed =
    What happened: { $hr } answers, but we cannot read the answer in full.
notice-failed-internal =
    What happened: there is a fault on our side. { $hr } and your settings there are fine.

## Changes no longer arrive: what to do

notice-failed-throttled-to-do =
    What to do: nothing. We go slower and continue by ourselves. If this happens often, ask whoever
    looks after other programs connected to { $hr } to let them ask less often.
notice-failed-suspended-talk =
    Talk to the person in your company who owns the account at { $hr }, or to the support of
    { $hr }.
notice-failed-suspended-then = Once the account is active again, updates start by themselves.
notice-failed-down-to-do =
    What to do: nothing. We keep trying. If { $hr } does not open in your browser either, its
    support can tell you more.
notice-failed-malformed-to-do =
    What to do: nothing. We keep trying. Often this is a passing fault of { $hr }. If it lasts
    longer than a day, tell the people who run this service for you.

## The key may be of another company

notice-other-company-subject = the API key for { $hr } may be of another company
notice-other-company =
    What happened: with the API key that we have, { $hr } shows us other people than before. Almost
    nobody of those we know is among them. It may be a key of another company.
notice-other-company-open = Open the page below.
notice-other-company-enter =
    If the key is of another company, enter the right one there under "Update API key".
notice-other-company-yes =
    If it is the right company and so many people have really changed, answer the question on that
    page with yes. We go on then, and ask you before anybody loses access.
notice-other-company-page = Decide on this page:

## Records stop everything in a strict directory

notice-records-subject = { $count ->
    [one] 1 record has to be corrected in { $hr }
   *[other] { $count } records have to be corrected in { $hr }
}
notice-records-happened = { $count ->
    [one]
        What happened: 1 record has to be corrected in { $hr }, for example because an e-mail or a
        name is missing. This directory is set so that nothing is updated until every record is in
        order.
   *[other]
        What happened: { $count } records have to be corrected in { $hr }, for example because an
        e-mail or a name is missing. This directory is set so that nothing is updated until every
        record is in order.
}
notice-records-look =
    Look at the list of records to correct on our page. For each record it says what has to be
    changed.
notice-records-correct = Correct these records in { $hr }.
notice-records-then =
    That is all. We look again regularly and tell you when updates work again.
notice-records-page = The list is on this page:

## Changes arrive again

notice-recovered-subject = updates from { $hr } work again
notice-recovered =
    Changes in { $hr } reach the user accounts of { $owner } again. They did not arrive from
    { $from } to { $until }.
notice-recovered-means =
    What it means: nothing was lost. What changed in HR in the meantime is now brought up to date.
notice-recovered-page = See on this page what was updated:

## Nothing was brought up to date for too long

notice-silent-subject = no update from { $hr } for too long
notice-silent =
    The user accounts of { $owner } were last brought up to date with { $hr } on { $last }. That is
    longer ago than it should be.
notice-silent-from-the-start =
    The user accounts of { $owner } have not been brought up to date with { $hr } yet. That takes
    longer than it should.
notice-silent-happened =
    What happened: no update was completed. We do not know of a fault; an update may be slow or may
    not have started.
notice-silent-open =
    Open the page below. If it shows a problem, it also shows how to repair it.
notice-silent-tell =
    If it shows none and nothing has changed by tomorrow, tell the people who run this service for
    you. Send them this message.
notice-silent-page = See on this page how things stand:

## Changes wait for a decision

# $what is one of the three below: "still waiting, please decide, 12 people to look at".
notice-hold-again-subject = still waiting, { $what }
notice-hold-access-subject = { $people ->
    [one] please decide, 1 person would lose access
   *[other] please decide, { $people } people would lose access
}
notice-hold-company-subject = please decide, the key may be the wrong one
notice-hold-subject = { $people ->
    [one] please decide, 1 person to look at
   *[other] please decide, { $people } people to look at
}
notice-hold-opened =
    What happened: because of changes in { $hr }, a decision about the user accounts of { $owner } is
    needed since { $opened }.
notice-hold-waits =
    A decision about the user accounts of { $owner } has been waiting since { $opened }.
notice-hold-access = { $people ->
    [one]
        1 person would lose access. That is more than usual for such a short time, so we ask you
        first. Nobody on the list loses access before you decide.
   *[other]
        { $people } people would lose access. That is more than usual for such a short time, so we
        ask you first. Nobody on the list loses access before you decide.
}
notice-hold-link = { $people ->
    [one] For 1 person it is not clear which user account is theirs.
   *[other] For { $people } people it is not clear which user account is theirs.
}
notice-hold-email = { $people ->
    [one] 1 person got an e-mail in { $hr } that another user account already has.
   *[other] { $people } people got an e-mail in { $hr } that another user account already has.
}
notice-hold-company =
    The key that was entered seems to belong to another company in { $hr }. Nothing is updated until
    you decide.
notice-hold-number = { $people ->
    [one] The employee number of 1 person in { $hr } may belong to somebody else now.
   *[other] The employee number of { $people } people in { $hr } may belong to somebody else now.
}
notice-hold-means =
    What it means: none of this is done before you decide, however long it takes. All other changes
    go on as usual.
notice-hold-open = Open the page below and read the list of names.
notice-hold-approve = If it is right, choose "Approve". You can also approve only some.
notice-hold-reject =
    If it is not right, choose "Reject" and correct the records in { $hr }. Everything stays as it
    is.
notice-hold-page = Decide on this page:

## People are missing, and the HR system does not say whether they left

notice-absence-subject = { $people ->
    [one] { $hr } does not say whether 1 person left
   *[other] { $hr } does not say whether { $people } people left
}
notice-absence-happened = { $people ->
    [one]
        What happened: since { $since }, the list that { $hr } gives us for { $owner } does not name
        1 person any more. We have asked { $hr } about this person again and again for a day, and
        got no clear answer.
   *[other]
        What happened: since { $since }, the list that { $hr } gives us for { $owner } does not name
        { $people } people any more. We have asked { $hr } about these people again and again for a
        day, and got no clear answer.
}
notice-absence-means = { $people ->
    [one]
        What it means: we cannot tell whether this person left. Their account stays active until
        { $hr } says so. Everybody else is kept up to date as usual.
   *[other]
        What it means: we cannot tell whether these people left. Their accounts stay active until
        { $hr } says so. Everybody else is kept up to date as usual.
}
notice-absence-open = Open the page below. The names are in its list of records to look at.
notice-absence-left =
    If somebody left, mark them as a leaver in { $hr }. Access then ends by itself.
notice-absence-works =
    If somebody still works for you, open and save their record in { $hr }, so that its list names
    them again.
notice-absence-page = The names are on this page:

## The application is no longer told of changes

notice-endpoint-subject = the application is no longer told of changes
notice-endpoint =
    Changes to the user accounts of { $organization } no longer reach one of the places where the
    application takes them in.
notice-endpoint-closed =
    What happened: It told us that it is closed, so we no longer send anything there. Its name is
    { $endpoint }.
notice-endpoint-failing =
    What happened: It has taken nothing from us since { $since }, so we no longer send anything
    there. Its name is { $endpoint }.
notice-endpoint-means =
    What it means: the user accounts are kept up to date as before, and nobody loses access because
    of this. The application may show old data until it is told. What it was not told can be sent
    again.
notice-endpoint-send = Send this message to the people who run this service for you.
notice-endpoint-they =
    They repair the place, switch it on again and have what was missed sent again.
notice-endpoint-page = For them, its settings are here:

## The link with which an admin gets in who asked for one

notice-sign-in-subject = Your link to the HR connection
notice-sign-in =
    Somebody, probably you, asked for a link to the page on which the connection to your HR system
    is looked after.
notice-sign-in-works = { $minutes ->
    [one]
        The link works once and for 1 minute. Do not pass it on: whoever opens it can change the
        connection.
   *[other]
        The link works once and for { $minutes } minutes. Do not pass it on: whoever opens it can
        change the connection.
}
notice-sign-in-page = Open the page with this link:
notice-sign-in-not-you =
    If you did not ask for it, you need not do anything. Nobody gets in without this message.
