# pages

# The code of this language as in BCP 47; pages name it to browsers.
pages-language = en

## Around a page

# For people who go through the page by keyboard or ear.
pages-skip = Skip to the content
# What the list of the page's parts is called, for the ear.
pages-main = Main
pages-sign-out = Sign out

## Lists in pieces

# What the links to the neighbours of a piece are called, for the ear.
pages-pager = Pages
pages-newer = Newer
pages-older = Older
pages-back = Back
pages-more = More

## Moments

# $time is "14:05" in all of these.
pages-when-now = just now
pages-when-minutes-ago =
    { $count ->
        [one] 1 minute ago
       *[other] { $count } minutes ago
    }
pages-when-in-minutes =
    { $count ->
        [one] in 1 minute
       *[other] in { $count } minutes
    }
pages-when-today = today at { $time }
pages-when-yesterday = yesterday at { $time }
pages-when-tomorrow = tomorrow at { $time }
