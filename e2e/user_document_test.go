package e2e_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
)

func TestUsersAnswerAsDocumented(t *testing.T) {
	t.Parallel()
	w, c := start(t), documented(t)
	session := []string{"X-Aurinko-Session", w.sessionOf(w.browser().signInUser(url.Values{"responseType": {"code"}}).result(t).Get("code"))}
	u := w.personOf(c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/user", "", session...))
	mine := "/v1/user/accounts/" + strconv.FormatInt(u.Accounts[0].ID, 10)
	body := append(session[:2:2], "Content-Type", "application/json")
	const week = `{"daySchedules":[{"dayOfWeek":"monday","workingIntervals":[{"start":"09:00","end":"17:30"}]}],"timezone":"Europe/Berlin"}`
	c.call(w, takes, http.StatusOK, http.MethodPatch, "/v1/user/settings", week, body...)
	c.call(w, takes, http.StatusOK, http.MethodPatch, "/v1/user/settings", `{"workHours":`+week+`}`, body...)
	c.call(w, refuses, http.StatusBadRequest, http.MethodPatch, "/v1/user/settings", `{"timezone":7}`, body...)
	c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/user/accounts", "", session...)
	c.call(w, takes, http.StatusOK, http.MethodGet, mine, "", session...)
	c.call(w, takes, http.StatusNotFound, http.MethodGet, "/v1/user/accounts/1", "", session...)
	c.call(w, takes, http.StatusBadRequest, http.MethodPost, mine+"/managed", "", session...)
	c.call(w, takes, http.StatusUnauthorized, http.MethodGet, "/v1/user", "", "X-Aurinko-Session", "wrong")
	c.call(w, refuses, http.StatusUnauthorized, http.MethodGet, "/v1/user", "")
	c.call(w, takes, http.StatusNoContent, http.MethodOptions, "/v1/user/logout", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
	c.call(w, takes, http.StatusOK, http.MethodGet, "/v1/auth/done?clientId="+w.client.ClientID, "")
	c.call(w, takes, http.StatusOK, http.MethodPost, "/v1/user/logout", "", session...)
	c.call(w, takes, http.StatusUnauthorized, http.MethodDelete, mine, "", session...)
}
