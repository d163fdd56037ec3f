# Run when a line is up again. As it went down the kernel took away the routes by it; of a default with two lines, it kept both.
ip route replace default via "$GW1" dev "$IF1" table 101
ip route replace default via "$GW2" dev "$IF2" table 102
