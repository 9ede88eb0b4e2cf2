package sim

import (
	"net/http"
)

// Call is the request of a client that asks for money to move, as a simulator understood it. The request must have
// passed the simulator's checks (credentials, signature, fields).
type Call struct {
	Scenario Scenario
	Book     func() (Order, error)                  // books it: [Ledger.Book], or Execute for the second step of two
	Answer   func(w http.ResponseWriter, o Order)   // what the company answers to a booked order
	Refuse   func(w http.ResponseWriter, err error) // what it answers to ErrBalance, ErrDuplicate and the like
	NoID     func(w http.ResponseWriter, o Order)   // the answer of a scenario without identifier; nil: {}
}

// Play plays the scenario of a call: books it or not, and answers, or fails to.
func Play(w http.ResponseWriter, r *http.Request, c Call) {
	switch c.Scenario {
	case Refused:
		c.Refuse(w, ErrBalance)
		return
	case ServerError:
		Status(http.StatusInternalServerError)(w, r)
		return
	case Limited:
		TooMany(w, r)
		return
	}
	o, err := c.Book()
	if err != nil {
		c.Refuse(w, err)
		return
	}
	c.answer(w, r, o)
}

// answer answers to a booked order, or fails to.
func (c Call) answer(w http.ResponseWriter, r *http.Request, o Order) {
	switch c.Scenario {
	case Cut:
		CutOff(w, r)
	case BookedError:
		Status(http.StatusInternalServerError)(w, r)
	case HTMLAnswer:
		HTML(w, r)
	case Hang:
		Drip(w, r)
	case NoID:
		c.noID(w, o)
	default:
		c.Answer(w, o)
	}
}

func (c Call) noID(w http.ResponseWriter, o Order) {
	if c.NoID == nil {
		JSON(w, http.StatusOK, struct{}{})
		return
	}
	c.NoID(w, o)
}
