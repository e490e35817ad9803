## Around every notice

mail-open-page = Open the page
# $url is the address behind the button above.
mail-copy-address = If the button does not work, copy this address into your browser: { $url }
mail-why = You receive this message because you are named as an admin of { $organization }.
mail-automatic = It was sent automatically; nobody reads replies to it.
