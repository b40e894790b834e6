// Package listing turns offsets into places in an order: "keyset inside, offset outside".
//
// Clients of the contract ask for records 50,000 to 50,049 (offset, limit). A database that
// is asked so walks over 50,000 records to find the first, and a whole list costs the square
// of its length. [Pages] remembers where the pages that it gave ended: the next one begins
// right there, and visits no more records than it returns. What is remembered is a place
// between two records, so that it stays good when records come and go, and a record is
// neither skipped nor given twice because an earlier one was deleted meanwhile.
//
// Nothing depends on the memory but speed. A process that has not seen the page before walks
// from the nearest place before it that it knows: behind a load balancer that sends each
// page to another of k servers, that is k pages back, and the first page at the worst.
//
// Start with [Pages.Page]; [Accounts] is the list of an application's accounts.
package listing
