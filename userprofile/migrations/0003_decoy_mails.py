
import django.db.models.deletion
import userprofile.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('userprofile', '0002_default_templates'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='decoy',
            name='reset_code_at',
        ),
        migrations.RemoveField(
            model_name='decoy',
            name='validation_code_at',
        ),
        migrations.RemoveField(
            model_name='decoy',
            name='validation_failures',
        ),
        migrations.CreateModel(
            name='DecoyMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('to_email', models.EmailField(max_length=254)),
                ('context', models.JSONField(blank=True, default=dict)),
                ('message_id', models.CharField(max_length=120, unique=True)),
                ('nonce', models.CharField(blank=True, editable=False, max_length=32)),
                ('key_id', models.CharField(blank=True, editable=False, max_length=16)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('voided_at', models.DateTimeField(blank=True, null=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('sending', 'Sending'), ('sent', 'Sent'), ('failed', 'Failed'), ('expired', 'Expired'), ('replaced', 'Replaced')], default='queued', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(default=userprofile.clock.now, help_text='When it is due; while it is being sent, when the lease ends.')),
                ('last_error', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=userprofile.clock.now)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('template', models.CharField(choices=[('password_reset_code', 'Password Reset Code'), ('email_validation_code', 'Email Validation Code'), ('password_changed', 'Password Changed'), ('email_changed', 'Email Changed'), ('account_locked', 'Account Locked'), ('account_unlocked', 'Account Unlocked'), ('sessions_ended', 'Sessions Ended')], max_length=40)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='emails', to='userprofile.decoy')),
            ],
            options={
                'indexes': [models.Index(models.F('next_attempt_at'), name='decoy_mails_due'), models.Index(models.F('created_at'), name='decoy_mails_created')],
                'constraints': [models.UniqueConstraint(fields=('user', 'template'), name='decoy_mails_one_of_each')],
            },
        ),
    ]
