{{- define "dustjacket.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 50000
  runAsGroup: 0
  fsGroup: 0
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "dustjacket.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "dustjacket.labels" -}}
app.kubernetes.io/part-of: dustjacket
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "dustjacket.s3" -}}
- {name: DUSTJACKET_S3_ENDPOINT, value: {{ .Values.s3.endpoint | quote }}}
- {name: DUSTJACKET_S3_REGION, value: {{ .Values.s3.region | quote }}}
- {name: DUSTJACKET_BUCKET, value: {{ .Values.s3.bucket | quote }}}
- {name: DUSTJACKET_S3_ACCESS_KEY_FILE, value: /run/secrets/s3/s3_access_key}
- {name: DUSTJACKET_S3_SECRET_KEY_FILE, value: /run/secrets/s3/s3_secret_key}
{{- end }}
