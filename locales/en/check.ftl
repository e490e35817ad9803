## Why what was pasted cannot be a key

# $misfit is one of the clauses below.
check-people-hr-not-a-key =
    This is not a key of People HR: { $misfit }; copy the key under HR Admin → Settings → API and
    nothing else.
# $misfit is one of the clauses below.
check-breathe-hr-not-a-key =
    This is not a key of Breathe HR: { $misfit }; copy the production key under Settings →
    Integrations → API Setup and nothing else.
check-breathe-hr-blank =
    This is not a key of Breathe HR: there is a blank or a line break in it; copy the whole key and
    nothing else.
check-breathe-hr-beginning =
    This is not a key of Breathe HR: its keys begin with "prod-" or "sandbox-"; copy the production
    key under Settings → Integrations → API Setup.
check-breathe-hr-length =
    This is not a whole key of Breathe HR; copy all of it under Settings → Integrations → API Setup.
check-hrworks-no-pair =
    This text holds no key pair of HRworks; paste the whole downloaded text, with the lines
    "Access Key" and "Secret Access Key".
check-hrworks-two-pairs =
    This text holds more than one key pair of HRworks; paste the text of one.
check-hrworks-no-keys =
    These are not an access key and a secret access key of HRworks; copy each of them whole and
    without blanks, or paste the whole downloaded text.
check-hrworks-same-key =
    The access key and the secret access key are the same; HRworks gives two different ones.
# For programmers: how the body of the request looks.
check-one-key = This HR system takes one API key: send {"{"}"api_key": "…"{"}"}.
# For programmers: how the body of the request looks.
check-two-keys =
    { $hr } takes a key pair: send {"{"}"text": "…"{"}"} with the whole downloaded text, or
    {"{"}"access_key": "…", "secret_access_key": "…"{"}"}.
check-other-company =
    This key belongs to another company than the one this directory reads; disable the directory
    and connect again to change the company.

## What is wrong with a key: clauses that follow "This is not a key of People HR: "

check-misfit-blank = there is a blank or a line break in it
check-misfit-address = it is a web address
check-misfit-several = it holds more than one key
check-misfit-foreign = it holds the character “{ $character }”
check-misfit-empty = it is empty
check-misfit-short = { $count ->
    [one] it has only 1 character
   *[other] it has only { $count } characters
}
check-misfit-long = it is too long

## What a check of a key says, in each HR system's own words

check-untrusted =
    The TLS certificate of the HR system is not accepted here, so the key was not sent. Nothing is
    wrong with the key. Tell the people who run this service.

## People HR

# What a permission is needed for: follows "for".
check-people-hr-list = reading everybody at every full sync
# What a permission is needed for: follows "for".
check-people-hr-by-id = reading one person right after a change
check-people-hr-without-by-id =
    Everybody is then read after each change, which takes a little longer. Somebody who was deleted
    in People HR loses access only after two full syncs that are an hour apart.
check-people-hr-granted = The key has this permission.
check-people-hr-missing =
    People HR refused this to the key. In People HR open HR Admin → Settings → API, open the key and
    tick “{ $permission }” under Employee. If the key has a list of IP addresses, the address of
    this server must be in it.
# $without says what is lost, in whole sentences.
check-people-hr-missing-useful =
    People HR refused this to the key. The key works without. { $without } To allow it, open HR
    Admin → Settings → API in People HR, open the key and tick “{ $permission }” under Employee.
check-people-hr-not-tried =
    Not tried: it needs an employee from the list. Check in the same place that “Get Employee Detail
    By Id” is ticked too.
check-people-hr-nobody =
    People HR listed nobody with an Employee Id whom Rollcall could ask for. Check that the key has
    this permission under HR Admin → Settings → API.
check-people-hr-removed =
    The employee whom Rollcall asked for was removed at that moment. Try again.
check-people-hr-credential =
    People HR does not know this key. Copy it again from HR Admin → Settings → API, or create a new
    one there.
check-people-hr-suspended =
    People HR says that this company's account is suspended or has ended. Ask Access to open it
    again.
check-people-hr-throttled =
    People HR takes no more calls at the moment. Try again in a few minutes.
check-people-hr-down = People HR did not answer properly. Try again in a few minutes.
check-people-hr-malformed =
    People HR's answer could not be understood. Try again; if it stays, tell Rollcall's operator.

## Breathe HR

# What a permission is needed for: follows "for".
check-breathe-hr-list = reading everybody at every full sync
# What a permission is needed for: follows "for".
check-breathe-hr-by-id = asking about one person who is no longer in the list
# What a permission is needed for: follows "for".
check-breathe-hr-departments = the departments that become groups
check-breathe-hr-without-departments =
    Departments are then taken from the employees' own records.
# What a permission is needed for: follows "for".
check-breathe-hr-locations = office locations
check-breathe-hr-without-locations =
    Office locations are then taken from the employees' own records.
check-breathe-hr-power =
    The key works. A Breathe HR key can read and write all HR data, because Breathe HR has no
    smaller ones. Rollcall only reads.
check-breathe-hr-granted = The key can read this.
check-breathe-hr-nobody =
    Breathe HR listed nobody whom Rollcall could ask for. Add an employee and check again.
check-breathe-hr-removed =
    The employee whom Rollcall asked for was removed at that moment. Try again.
check-breathe-hr-not-answered =
    Breathe HR did not answer this. Rollcall goes on without it and takes what the employees'
    records say.
check-breathe-hr-credential =
    Breathe HR refuses this key. There are four possible causes: it was not copied whole, it was
    changed in Breathe HR, the API is switched off, or it is a key of the sandbox and not of
    production. Look under Settings → Integrations → API Setup, press “Enable API” if it is off, and
    copy the production key.
check-breathe-hr-throttled =
    Breathe HR takes no more calls at the moment. It allows 60 in a minute for everything that is
    connected to it. Try again in a few minutes.
check-breathe-hr-refused =
    Breathe HR refuses access and does not say why. Check under Settings → Integrations → API Setup
    that the API is enabled, or ask Breathe HR's support.
check-breathe-hr-down = Breathe HR did not answer properly. Try again in a few minutes.
check-breathe-hr-malformed =
    Breathe HR's answer could not be understood. Try again; if it stays, tell Rollcall's operator.

## HRworks

# What a permission is needed for: follows "for".
check-hrworks-list = reading everybody at every full sync
# What a permission is needed for: follows "for".
check-hrworks-by-id = asking about one person who is no longer in the list
# What a permission is needed for: follows "for".
check-hrworks-units =
    the names of organization units, which become departments and groups
check-hrworks-without-units =
    Departments are then taken from the people themselves. One whose name is in nobody's record is
    left out.
# What a permission is needed for: follows "for".
check-hrworks-establishments =
    the names of permanent establishments, which become office locations
check-hrworks-without-establishments =
    Office locations are then taken from the people themselves. One whose name is in nobody's record
    is left out.
check-hrworks-granted = The key pair has this permission.
check-hrworks-missing =
    HRworks refuses this to the key pair. To allow it, open Administration → Basics → Integrations →
    HR WORKS-API in HRworks, select the key pair, tick “{ $permission }” in the list of permissions
    at the bottom of the page, and save.
# $without says what is lost, in whole sentences.
check-hrworks-missing-useful =
    HRworks refuses this to the key pair. It works without. { $without } To allow it, open
    Administration → Basics → Integrations → HR WORKS-API in HRworks, select the key pair, tick
    “{ $permission }” in the list of permissions at the bottom of the page, and save.
check-hrworks-not-tried = Not tried: it needs a person from the list.
check-hrworks-nobody =
    HRworks listed nobody whom Rollcall could ask for. Add a person and check again.
check-hrworks-removed =
    The person whom Rollcall asked for was removed at that moment. Check again; if it stays, tell
    Rollcall's operator.
check-hrworks-credential =
    HRworks does not know this key pair. Paste the whole text of the downloaded file, or make a new
    key pair under Administration → Basics → Integrations → HR WORKS-API.
check-hrworks-suspended =
    HRworks finds no company for this key pair: the key pair or the contract has expired. Make a new
    key pair, or ask HRworks.
check-hrworks-throttled =
    HRworks takes no more calls at the moment. Try again in a few minutes.
check-hrworks-refused =
    HRworks refuses access and does not say why. Check the key pair's permissions under
    Administration → Basics → Integrations → HR WORKS-API.
check-hrworks-down = HRworks did not answer properly. Try again in a few minutes.
check-hrworks-malformed =
    HRworks' answer could not be understood. Try again; if it stays, tell Rollcall's operator.
