// Package salesforce is all that is peculiar to Salesforce: the hosts people sign in
// at, the instance that each org's API is at, an error table in which "not installed"
// and "wrong client" share a code, and ids of two lengths.
//
// Sources, below help.salesforce.com unless said otherwise:
// remoteaccess_oauth_web_server_flow, remoteaccess_oauth_refresh_token_flow,
// remoteaccess_oauth_flow_errors, remoteaccess_using_userinfo_endpoint, article
// 005132365 (connected apps must be installed), domain_name_move (the forms of host
// names); developer.salesforce.com/docs for the headers of the REST API.
//
// Salesforce does not say how long an access token lives: its org decides, from 15
// minutes to 24 hours, so a token that the API refuses is renewed once. A refresh
// takes no scope. Each answer names the org's instance, which may change.
//
// Start at salesforce.go; place.go says where everything is, identity.go who signed
// in, and troubles.go what each error means.
package salesforce
