package crash_test

// point is where a kill finds the refresh of one account.
type point string

const (
	atRest    point = "no refresh under way"
	unclaimed point = "before the claim"
	claimed   point = "after the claim, the provider not asked"
	asked     point = "the provider has the request"
	answered  point = "the provider has answered, on its way"
	arrived   point = "the answer is there, not saved"
	saved     point = "saved, not used"
	answering point = "used, the caller has half of it"
	anywhere  point = "a random moment"
)

// named are the points that a kill is led to, in the order of a refresh.
func named() []point {
	return []point{unclaimed, claimed, asked, answered, arrived, saved, answering}
}

// tally is what came of the kills at one point.
type tally struct{ accounts, kept, lost int }
