package group

import "time"

// alarm calls ring, with its group locked, once the time that it was last set
// to has come. All methods need the group's lock.
//
// Setting it to a later time does not touch the timer: the timer finds out
// when it fires. So a heartbeat, which does little else, stays cheap.
type alarm struct {
	group *group
	ring  func()
	at    time.Time // when to ring; zero: off
	fires time.Time // when the timer fires; zero: not running
	timer *time.Timer
}

func (a *alarm) set(d time.Duration) {
	a.at = time.Now().Add(d)
	if a.fires.IsZero() || a.at.Before(a.fires) {
		a.start(d)
	}
}

func (a *alarm) off() {
	a.at, a.fires = time.Time{}, time.Time{}
	if a.timer != nil && a.timer.Stop() {
		a.group.owner.timers.Done()
	}
}

// start runs the timer. The owner's timers count one for each that will still
// fire or is firing.
func (a *alarm) start(d time.Duration) {
	a.fires = a.at
	if a.timer == nil {
		a.group.owner.timers.Add(1)
		a.timer = time.AfterFunc(d, a.fire)
		return
	}
	if !a.timer.Stop() {
		a.group.owner.timers.Add(1)
	}
	a.timer.Reset(d)
}

func (a *alarm) fire() {
	defer a.group.owner.timers.Done()
	a.group.mu.Lock()
	defer a.group.exit()
	if a.at.IsZero() {
		return // turned off while the timer fired
	}
	if early := time.Until(a.at); early > 0 {
		a.start(early)
		return
	}
	a.at, a.fires = time.Time{}, time.Time{}
	a.ring()
}
