// Package ntlm is the server's half of NTLM (MS-NLMP), as far as a verifier needs it:
// it makes a challenge and looks at the answer. Only NTLMv2 is taken. Start with
// [Challenge], then [Challenge.Verify].
//
// It is kept apart from any client, so that it cannot share a client's mistakes.
package ntlm
