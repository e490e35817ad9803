## Who did something

# At the beginning of a sentence: "The application started a full sync".
action-who-portal = Somebody on the portal
action-who-application = The application
action-who-rollcall = Rollcall
action-who-former-admin = A former admin

# Inside a sentence: "decided by the application".
action-by-portal = somebody on the portal
action-by-application = the application
action-by-rollcall = Rollcall
action-by-former-admin = a former admin

## What they did

# In these sentences $who is an admin's name or one of the words above, and $hr an HR system's name.
# What it is called when the name is not known.
action-some-hr = the HR system
action-directory-created = { $who } began to connect { $hr }.
# $settings is a list of the words below.
action-directory-changed = { $who } changed the connection to { $hr }: { $settings }.
action-key-entered = { $who } entered an API key of { $hr }. It was accepted.
action-key-replaced = { $who } entered a new API key of { $hr }. It was accepted.
# $why is one of the sentences about refusals below.
action-key-refused = { $who } entered an API key of { $hr }. { $why }
action-key-waits = { $who } entered an API key of { $hr }. It waits for permissions: { $permissions }.
action-waiting-key-accepted =
    { $who } looked whether the API key of { $hr } has the permissions that it waited for. It has,
    and is used now.
action-setup-completed = { $who } completed the set-up of { $hr }.
# $why is one of the sentences about refusals below.
action-setup-refused = { $who } tried to complete the set-up of { $hr } with the API key. { $why }
action-sync-requested = { $who } started a full sync of { $hr }.
action-directory-disabled = { $who } disabled the connection to { $hr }.
action-admin-added = { $who } added { $admin } to those who get messages.
action-admin-removed = { $who } removed { $admin } from those who get messages.
# $members is a list of the words below.
action-organization-changed = { $who } changed the organization: { $members }.
action-organization-changed-none-allowed =
    { $who } changed the organization: { $members }. None is allowed now.
# $systems is a list of names of HR systems.
action-organization-changed-allowed =
    { $who } changed the organization: { $members }. Allowed now: { $systems }.
action-portal-link-made = { $who } made a link to these pages.
action-portal-link-mailed = { $who } sent { $admin } a link to these pages by mail.
action-portal-entered = { $who } opened these pages with a link.

## What an admin decided about changes that waited

action-hold-link = { $decision ->
    [rejected] { $who } rejected linking a person to an account.
    [partly_approved] { $who } approved a part of linking a person to an account.
   *[approved] { $who } approved linking a person to an account.
}
action-hold-email-change = { $decision ->
    [rejected] { $who } rejected the change of an e-mail.
    [partly_approved] { $who } approved a part of the change of an e-mail.
   *[approved] { $who } approved the change of an e-mail.
}
action-hold-deactivations = { $decision ->
    [rejected] { $people ->
        [one] { $who } rejected the end of access of 1 person.
       *[other] { $who } rejected the end of access of { $people } people.
    }
    [partly_approved] { $people ->
        [one] { $who } approved a part of the end of access of 1 person.
       *[other] { $who } approved a part of the end of access of { $people } people.
    }
   *[approved] { $people ->
        [one] { $who } approved the end of access of 1 person.
       *[other] { $who } approved the end of access of { $people } people.
    }
}
action-hold-other-company = { $decision ->
    [rejected] { $who } rejected a key that reads another company.
    [partly_approved] { $who } approved a part of a key that reads another company.
   *[approved] { $who } approved a key that reads another company.
}
action-hold-reused-number = { $decision ->
    [rejected] { $who } rejected an employee number given to somebody else.
    [partly_approved] { $who } approved a part of an employee number given to somebody else.
   *[approved] { $who } approved an employee number given to somebody else.
}

## Why a key was refused

action-refused-not-accepted = { $hr } did not accept it.
action-refused-permission = It lacks a permission.
action-refused-permissions = It lacks a permission: { $permissions }.
action-refused-suspended = { $hr } says that the company's account is suspended.
action-refused-other-company = It belongs to another company.

## What was changed, inside a list

# $first and $rest stand in a list: "time zone, name".
action-list = { $first }, { $rest }
action-setting-poll-seconds = time between full syncs
action-setting-strict = whether records to correct stop everybody
action-setting-inactive-policy = what is kept of people who left
action-setting-relink = how people get their accounts back
action-member-allowed-providers = allowed HR systems
action-member-time-zone = time zone
action-member-external-id = id in the application
