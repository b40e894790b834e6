// Package sugarcrm is all that is peculiar to SugarCRM: an instance is wherever its
// owner has it, so people type its address, and there are two ways to sign in.
//
// In SugarCRM's cloud an identity service (SugarIdentity) signs people in on its own
// page. The instance announces it to anybody who asks, and it is believed where both
// hosts are SugarCRM's own. Anywhere else the instance itself trades user name and
// password for tokens; they are renewed, and the password is forgotten.
//
// A token belongs to a platform, a name that the client sends. A user has one session a
// platform: a new sign-in ends the older one. So Avain has a name of its own, which the
// instance's administrator registers.
//
// Sources: support.sugarcrm.com, Developer Guide, "oauth2/token POST" and "Platforms";
// sugarclub.sugarcrm.com, "Unknown platforms to be restricted" and "What you need to know
// about the new SugarIdentity service"; the answers of a version 12 instance, read in its
// published source; aurinko.io/blog/sugarcrm-invalid-refresh-token (each refresh ends the
// refresh tokens before it).
//
// Start at sugarcrm.go; instance.go says where everything is, form.go is the sign-in by
// password, find.go the question to the instance, cloud.go the sign-in at the identity
// service, and troubles.go what each error means.
package sugarcrm
