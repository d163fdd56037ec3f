# What leaves by a line, leaves from its address: the first is static, the second dynamic.
iptables -t nat -A POSTROUTING -o "$IF1" -j SNAT --to-source "$IP1"
iptables -t nat -A POSTROUTING -o "$IF2" -j MASQUERADE

# The lines are up already: what pppd runs when one comes up makes the routes. It lies beside this script.
"${0%/*}/ip-up" "$IF1" /dev/null 0 "$IP1" "$GW1"
"${0%/*}/ip-up" "$IF2" /dev/null 0 "$IP2" "$GW2"
