package storetest

import (
	"testing"

	"github.com/avain-project/avain/internal/store"
)

// Run runs the suite. open gives each test an empty, migrated store of its own,
// which it closes at cleanup.
func Run(t *testing.T, open func(testing.TB) *store.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *store.Store){
		"applications":                     testApplications,
		"application conflicts":            testApplicationConflicts,
		"application update":               testApplicationUpdate,
		"application update race":          testApplicationUpdateRace,
		"logos":                            testLogos,
		"application delete":               testApplicationDelete,
		"application secrets":              testApplicationSecrets,
		"origins":                          testOrigins,
		"alias hosts":                      testAliasHosts,
		"alias host changes":               testAliasChanges,
		"registrations":                    testRegistrations,
		"registration conflicts":           testRegistrationConflicts,
		"attempts":                         testAttempts,
		"attempt binding":                  testAttemptBinding,
		"open attempts":                    testOpenAttempts,
		"attempt consumed once":            testAttemptConsumedOnce,
		"held attempt":                     testHeldAttempt,
		"continued attempt":                testContinuedAttempt,
		"choice made once":                 testChoiceMadeOnce,
		"accounts":                         testAccounts,
		"account versions":                 testAccountVersions,
		"account by identity":              testAccountByIdentity,
		"account delete":                   testAccountDelete,
		"connection":                       testConnection,
		"connection renews":                testConnectionRenews,
		"connection keeps the credential":  testConnectionKeepsCredential,
		"connection is all or nothing":     testConnectionAllOrNothing,
		"connection after a choice":        testConnectionAfterChoice,
		"connection race":                  testConnectionRace,
		"connection takes over":            testConnectionTakesOver,
		"credential":                       testCredential,
		"credential race":                  testCredentialRace,
		"mark token":                       testMarkToken,
		"refresh claims":                   testRefreshClaims,
		"refresh doubt":                    testRefreshDoubt,
		"refresh waits":                    testRefreshWaits,
		"refresh race":                     testRefreshRace,
		"due refreshes":                    testDueRefreshes,
		"a far-off due":                    testFarOffDue,
		"due of another registration":      testDueOfAnotherRegistration,
		"registration stops":               testRegistrationStops,
		"registration probes":              testRegistrationProbes,
		"accounts fail alike":              testAccountsFailAlike,
		"registration accounts":            testRegistrationAccounts,
		"credential scopes":                testCredentialScopes,
		"shared grant":                     testSharesGrant,
		"wipe race":                        testWipeRace,
		"events":                           testEvents,
		"events of nobody":                 testEventsOfNobody,
		"deliveries":                       testDeliveries,
		"deliveries end":                   testDeliveriesEnd,
		"delivery race":                    testDeliveryRace,
		"signing secret":                   testSigningSecret,
		"codes":                            testCodes,
		"code redeemed once":               testCodeRedeemedOnce,
		"tokens":                           testTokens,
		"bearer":                           testBearer,
		"secrets added at once":            testSecretsAddedAtOnce,
		"registrations saved at once":      testRegistrationsSavedAtOnce,
		"deletion leaves no live token":    testDeletionLeavesNoLiveToken,
		"changes of all kinds at once":     testChangesOfAllKinds,
		"changes are counted":              testChanges,
		"audit":                            testAudit,
		"meta":                             testMeta,
		"sweep":                            testSweep,
		"rest ends the first":              testRestEndsTheFirst,
		"sweep wipes held sign-ins":        testSweepWipesHeld,
		"sealed values":                    testEachSealed,
		"data keys":                        testDataKeys,
		"data keys wrapped anew stay":      testRewrappedStays,
		"ended context":                    testEndedContext,
		"closed":                           testClosed,
		"backup":                           testBackup,
		"any text":                         testAnyText,
		"migrations are done, and no more": testMigrationStatus,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}
