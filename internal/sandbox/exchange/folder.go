package exchange

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// folder is one of those that everybody has.
type folder struct {
	name    string // its distinguished name
	parent  string
	kind    string // the element that describes it
	class   string
	title   string
	holding string // the label of the mail in it
}

func folders() []folder {
	return []folder{
		{"root", "", "Folder", "", "", ""},
		{"msgfolderroot", "root", "Folder", "IPF.Note", "Top of Information Store", ""},
		{"calendar", "msgfolderroot", "CalendarFolder", "IPF.Appointment", "Calendar", ""},
		{"contacts", "msgfolderroot", "ContactsFolder", "IPF.Contact", "Contacts", ""},
		{"deleteditems", "msgfolderroot", "Folder", "IPF.Note", "Deleted Items", "TRASH"},
		{"drafts", "msgfolderroot", "Folder", "IPF.Note", "Drafts", "DRAFT"},
		{"inbox", "msgfolderroot", "Folder", "IPF.Note", "Inbox", "INBOX"},
		{"sentitems", "msgfolderroot", "Folder", "IPF.Note", "Sent Items", "SENT"},
		{"tasks", "msgfolderroot", "TasksFolder", "IPF.Task", "Tasks", ""},
	}
}

func folderNamed(name string) (folder, bool) {
	all := folders()
	if i := slices.IndexFunc(all, func(f folder) bool { return f.name == name }); i >= 0 {
		return all[i], true
	}
	return folder{}, false
}

func (f folder) children() []folder {
	return slices.DeleteFunc(folders(), func(other folder) bool { return other.parent != f.name })
}

// folderRefs are the folders a request names, in its order.
type folderRefs struct {
	Any []struct {
		ID      string `xml:"Id,attr"`
		Mailbox struct{ EmailAddress string }
	} `xml:",any"`
}

// identifier makes an id that means something to its owner alone.
func identifier(w who, kind, name string) string {
	return "AAMk" + base64.RawURLEncoding.EncodeToString([]byte(w.Key+"\n"+kind+"\n"+name))
}

// identified takes one apart.
func identified(w who, id string) (kind, name string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(id, "AAMk"))
	parts := strings.Split(string(raw), "\n")
	if err != nil || len(parts) != 3 || parts[0] != w.Key {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// folderOf finds a folder by its id or its distinguished name.
func folderOf(w who, id, mailbox string) (folder, refusal) {
	if w.tag == tagNoMailbox || mailbox != "" && !strings.EqualFold(mailbox, w.mail()) && !strings.EqualFold(mailbox, w.Email) {
		return folder{}, refusal{"ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."}
	}
	if f, ok := folderNamed(id); ok {
		return f, refusal{}
	}
	if kind, name, ok := identified(w, id); ok && kind == "folder" {
		if f, ok := folderNamed(name); ok {
			return f, refusal{}
		}
	}
	return folder{}, refusal{"ErrorFolderNotFound", "The specified folder could not be found in the store."}
}

type getFolder struct {
	FolderShape shape
	FolderIDs   folderRefs `xml:"FolderIds"`
}

func (s *Server) getFolder(w http.ResponseWriter, somebody who, call *getFolder) {
	var outcomes []string
	for _, ref := range call.FolderIDs.Any {
		f, no := folderOf(somebody, ref.ID, ref.Mailbox.EmailAddress)
		outcomes = append(outcomes, outcome("GetFolder", no, node("m:Folders", s.folder(somebody, f, call.FolderShape))))
	}
	answer(w, "GetFolder", outcomes...)
}

type findFolder struct {
	Traversal       string `xml:",attr"`
	FolderShape     shape
	View            part       `xml:"IndexedPageFolderView"`
	ParentFolderIDs folderRefs `xml:"ParentFolderIds"`
}

func (s *Server) findFolder(w http.ResponseWriter, somebody who, call *findFolder) {
	var outcomes []string
	for _, ref := range call.ParentFolderIDs.Any {
		parent, no := folderOf(somebody, ref.ID, ref.Mailbox.EmailAddress)
		below := parent.children()
		if call.Traversal == "Deep" {
			for i := 0; i < len(below); i++ {
				below = append(below, below[i].children()...)
			}
		}
		outcomes = append(outcomes, outcome("FindFolder", no, rootFolder("t:Folders", below, call.View,
			func(f folder) string { return s.folder(somebody, f, call.FolderShape) })))
	}
	answer(w, "FindFolder", outcomes...)
}

// folder describes one, as far as the shape asks.
func (s *Server) folder(w who, f folder, asked shape) string {
	all := []property{
		{"folder:FolderId", reference("t:FolderId", identifier(w, "folder", f.name))},
	}
	if f.parent != "" {
		all = append(all, property{"folder:ParentFolderId", reference("t:ParentFolderId", identifier(w, "folder", f.parent))})
	}
	if f.class != "" {
		all = append(all, property{"folder:FolderClass", element("t:FolderClass", f.class)})
	}
	total, unread := 0, 0
	for _, i := range s.items(w, f) {
		total++
		if i.unread {
			unread++
		}
	}
	all = append(all,
		property{"folder:DisplayName", element("t:DisplayName", f.title)},
		property{"folder:TotalCount", element("t:TotalCount", strconv.Itoa(total))},
		property{"folder:ChildFolderCount", element("t:ChildFolderCount", strconv.Itoa(len(f.children())))},
		property{"folder:EffectiveRights", node("t:EffectiveRights", element("t:CreateAssociated", "true"), element("t:CreateContents", "true"),
			element("t:CreateHierarchy", "true"), element("t:Delete", "true"), element("t:Modify", "true"), element("t:Read", "true"), element("t:ViewPrivateItems", "true"))},
	)
	if f.name != "root" {
		all = append(all, property{"folder:DistinguishedFolderId", element("t:DistinguishedFolderId", f.name)})
	}
	if f.kind == "Folder" && f.name != "root" {
		all = append(all, property{"folder:UnreadCount", element("t:UnreadCount", strconv.Itoa(unread))})
	}
	return node("t:"+f.kind, asked.of(all, "folder:FolderId")...)
}

func reference(name, id string) string {
	return node(name + attribute("Id", id) + attribute("ChangeKey", "AQAAABYAAAC"))
}
