require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];

if environment :matches "imap.user" "*" {
  set "user" "${1}";
}
# A mail that is thrown away is not said to be good.
if environment :matches "imap.mailbox" ["Trash", "Trash/*", "Deleted*", "Papierkorb", "Corbeille", "Papelera"] {
  stop;
}
pipe :copy "longstop-report" ["not_junk", "junk", "${user}"];
