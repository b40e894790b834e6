// Package names is the sandbox's small internet: a DNS server, and the web sites that
// domains of e-mail addresses have for mail programs, so that the way to a mailbox can
// be found without a network. domain.go is the list of domains, dns.go answers for
// them by UDP and TCP, web.go serves the sites.
//
// Everything is at 127.0.0.1, and the Exchange Server at 127.0.0.2. The servers of the
// real world stand at well-known ports, which nobody here may take: [Internet.Dial]
// connects to what stands for each.
package names
