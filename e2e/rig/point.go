package rig

// Point is a step of the refresh of one account.
type Point string

// The points, in the order of a refresh, and two besides.
const (
	AtRest    Point = "no refresh under way"
	Unclaimed Point = "before the claim"
	Claimed   Point = "after the claim, the provider not asked"
	Asked     Point = "the provider has the request"
	Answered  Point = "the provider has answered, on its way"
	Arrived   Point = "the answer is there, not saved"
	Kept      Point = "refused by the store, in the journal"
	Saved     Point = "saved, not used"
	Answering Point = "used, the caller has half of it"
	Anywhere  Point = "a random moment"
)

// Points are those that a refresh can be led to.
func Points() []Point {
	return []Point{Unclaimed, Claimed, Asked, Answered, Arrived, Kept, Saved, Answering}
}
