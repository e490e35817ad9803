## The first page

portal-connect = Connect { $hr }
portal-earlier = Earlier connections
# $when is "today, 14:05" or the like.
portal-disabled-when = disabled { $when }
