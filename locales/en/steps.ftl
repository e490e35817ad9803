## How a key is made in People HR, in the words of its own pages

# The heading of the steps.
steps-people-hr-title = Make a key in People HR
steps-people-hr-add = In People HR, open HR Admin → Settings → API and press "+".
steps-people-hr-name = Enter any key name and leave the IP addresses blank.
steps-people-hr-tick =
    Choose the application Employee. Tick "Get All Employee Detail" and "Get Employee Detail By Id".
steps-people-hr-copy = Save, and copy the key.

## How a permission is given in People HR

steps-people-hr-open = In People HR, open HR Admin → Settings → API and open the key that we use.
steps-people-hr-allow =
    For the application Employee, tick "{ $permission }". Leave the IP addresses blank.
steps-people-hr-allow-all =
    For the application Employee, tick "Get All Employee Detail" and "Get Employee Detail By Id".
    Leave the IP addresses blank.
steps-people-hr-save = Save.

## How a key is found in Breathe HR, in the words of its own pages

# The heading of the steps.
steps-breathe-hr-title = Find the key in Breathe HR
steps-breathe-hr-open =
    In Breathe HR, open Settings → Integrations → API Setup. Only the account's owner or
    administrator can see it.
steps-breathe-hr-enable = If it is off, press "Enable API".
steps-breathe-hr-copy = Copy the production key.

## How access is given in Breathe HR

steps-breathe-hr-allow = Make sure that the API is enabled and "{ $permission }" is allowed.
steps-breathe-hr-allow-all = Make sure that the API is enabled.
steps-breathe-hr-new-key =
    If the production key there is new, copy it, paste it under "Update API key" on our page and
    save.

## How a key pair is made in HRworks, in the words of its own pages

# The heading of the steps.
steps-hrworks-title = Make a key pair in HRworks
steps-hrworks-add =
    In HRworks, open the admin interface → Basics → Integrations → HR WORKS-API.
steps-hrworks-download = Press "New key pair", then "Download".
steps-hrworks-tick =
    Select the new key pair. At the bottom of the page tick "Persons, read" and "General, read".
    Save.

## How a permission is given in HRworks

steps-hrworks-open =
    In HRworks, open the admin interface → Basics → Integrations → HR WORKS-API and select the key
    pair that we use.
steps-hrworks-allow = Tick "{ $permission }" in the list of permissions.
steps-hrworks-allow-all =
    Tick "Persons, read" and "General, read" in the list of permissions.
steps-hrworks-save = Save.

## How a key is entered on our page

steps-enter-key-go = On our page, go to "Update API key".
steps-enter-key-paste = Paste the key and save.
steps-enter-key-pair =
    On our page, under "Update API key", paste the whole downloaded text and save.
