// Command bench measures Avain against yardsticks in the same run and prints
// ratios, since absolute figures say more about the machine than about the code.
//
//	GET /v1/account with a bearer   against a bare net/http handler that writes the same bytes
//	/v1/direct                      against a bare httputil.ReverseProxy to the same upstream
//	start                           on a migrated database, until /readyz answers
//	memory                          resident, idle, after the start
//
// Server, yardstick, upstream and load are processes of their own; rounds of both
// sides alternate, and the median round counts. It exits 1 where a bound is
// missed. Run it with `make bench`.
package main
