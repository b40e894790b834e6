// Package seal keeps secrets encrypted at rest.
//
// It works in two layers. A [Ring] is the operator's key: it lives outside the
// database and seals nothing but data keys. A [DataKey] belongs to one record (an
// account's credential, a registration, an application) and seals that record's
// values; wrapped by the ring it is stored beside them. So changing the ring
// re-wraps small data keys and touches no value.
//
// Every sealed value is bound to a constant label and to the random id of its
// record, so a value copied to another row or another column does not open.
//
// Both layers are Tink AEAD keysets (AES-256-GCM).
package seal
